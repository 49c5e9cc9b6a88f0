import type { Engine } from '#local/documents/engine.ts'
import {
  aggregate,
  aggregatedFields,
  parseAggregations,
  type WireAggregation,
} from '#local/documents/queries/aggregate.ts'
import { matchesQuery } from '#local/documents/queries/matches.ts'
import { parseQuery } from '#local/documents/queries/parse.ts'
import { projectedBytes } from '#local/documents/queries/project.ts'
import type { Query } from '#local/documents/queries/query.ts'
import { type QueryResult, runQuery } from '#local/documents/queries/run.ts'
import type { StoredChange } from '#local/documents/storage/document.ts'
import { toWireFields } from '#local/documents/values/codec.ts'
import type { WireConsistency, WireQuery } from '#local/documents/wire/messages.ts'
import type { ServerStream } from '#local/documents/wire/service.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { toWireTimestamp } from '#local/documents/wire/timestamp.ts'
import { consistencyOf } from './lookups.ts'
import { type View, withView } from './view.ts'

interface RunQueryRequest extends WireConsistency {
  parent: string
  structuredQuery: WireQuery | null
}

interface RunAggregationRequest extends WireConsistency {
  parent: string
  structuredAggregationQuery: { structuredQuery: WireQuery; aggregations: WireAggregation[] } | null
}

export function runQueryCall(engine: Engine): ServerStream {
  return async (request: RunQueryRequest, { connection }, send) => {
    const query = parseQuery(request.parent, request.structuredQuery)
    engine.checkIndexes(query)
    await withView(engine, { ...consistencyOf(request), database: query.database }, connection, async (view) => {
      const { documents, skipped, readTime } = await queryAt(engine, view, query)
      const time = toWireTimestamp(readTime)
      if (view.started !== null) send({ transaction: view.started })
      if (skipped > 0 || documents.length === 0) send({ skippedResults: skipped, readTime: time })
      for (const document of documents) send({ document: projectedBytes(document, query.select), readTime: time })
    })
  }
}

export function runAggregationQueryCall(engine: Engine): ServerStream {
  return async (request: RunAggregationRequest, { connection }, send) => {
    const wire = request.structuredAggregationQuery
    if (wire === null) throw invalidArgument('A structured aggregation query is needed.')
    const aggregations = parseAggregations(wire.aggregations)
    const fields = aggregatedFields(aggregations)
    if (wire.structuredQuery.select !== null && fields.length > 0) {
      throw invalidArgument('Cannot apply property masks when aggregation fields are present.')
    }
    const query = parseQuery(request.parent, wire.structuredQuery, fields)
    engine.checkIndexes(query)
    await withView(engine, { ...consistencyOf(request), database: query.database }, connection, async (view) => {
      const { documents, readTime } = await queryAt(engine, view, query)
      const aggregateFields = toWireFields(aggregate(aggregations, documents))
      const started = view.started === null ? {} : { transaction: view.started }
      send({ result: { aggregateFields }, readTime: toWireTimestamp(readTime), ...started })
    })
  }
}

/**
 * Runs the query; in a transaction that writes, its documents are locked and nobody else commits one that it would see,
 * until the transaction ends.
 */
async function queryAt(engine: Engine, view: View, query: Query): Promise<QueryResult & { readTime: number }> {
  const { store, clock, locks } = engine
  const run = () => ({ ...runQuery(store, query, view.at), readTime: view.at ?? clock.readTime() })
  const owner = view.locker
  if (owner === null) return run()
  const sees = ({ before, after }: StoredChange) =>
    (before !== null && matchesQuery(query, before)) || (after !== null && matchesQuery(query, after))
  let wanted = run().documents.map((document) => document.name)
  for (;;) {
    // While this waits, other documents may have come into the result: then those are needed, too.
    const result = await locks.withLocks({ owner, names: wanted }, () => {
      const found = run()
      const locked = new Set(wanted)
      const complete = found.documents.every((document) => locked.has(document.name))
      if (complete) locks.protect(owner, sees)
      else wanted = found.documents.map((document) => document.name)
      return complete ? found : null
    })
    if (result !== null) return result
  }
}
