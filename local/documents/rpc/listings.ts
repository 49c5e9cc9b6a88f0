import type { Engine } from '#local/documents/engine.ts'
import { parseParent } from '#local/documents/names.ts'
import { parseQuery } from '#local/documents/queries/parse.ts'
import { runQuery } from '#local/documents/queries/run.ts'
import { fromInt64, toWireValue } from '#local/documents/values/codec.ts'
import { compareIds } from '#local/documents/values/text-order.ts'
import { reference } from '#local/documents/values/value.ts'
import type { Int64, WireConsistency, WireMask, WireQuery } from '#local/documents/wire/messages.ts'
import { DocumentType } from '#local/documents/wire/schema.ts'
import type { Unary } from '#local/documents/wire/service.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { consistencyOf, maskedBytes } from './lookups.ts'
import { withView } from './view.ts'

const MAX_PAGE = 1000

/** One page of a sorted list: `token` is the last item of the page before. */
function page(ids: readonly string[], size: number, token: string): { ids: readonly string[]; nextPageToken: string } {
  const start = token === '' ? 0 : ids.findIndex((id) => compareIds(id, token) > 0)
  if (start === -1) return { ids: [], nextPageToken: '' }
  const count = size > 0 ? size : MAX_PAGE
  const part = ids.slice(start, start + count)
  return { ids: part, nextPageToken: start + count < ids.length ? (part.at(-1) ?? '') : '' }
}

interface ListDocumentsRequest extends WireConsistency {
  parent: string
  collectionId: string
  pageSize: number
  pageToken: string
  mask: WireMask | null
  showMissing: boolean
}

/** The documents of a collection by id; with `showMissing` also those that exist only as parents of others. */
export function listDocuments(engine: Engine): Unary {
  return async (request: ListDocumentsRequest, { connection }) => {
    const { database } = parseParent(request.parent)
    const prefix = `${request.parent}/${request.collectionId}`
    return withView(engine, { ...consistencyOf(request), database }, connection, async ({ at }) => {
      const collection = engine.store.collection(prefix)
      const ids = new Set<string>()
      if (collection !== null) for (const { name } of engine.store.scan(collection, at)) ids.add(idAfter(name, prefix))
      if (request.showMissing) {
        for (const inner of engine.store.collections(database)) {
          if (inner.name.startsWith(`${prefix}/`) && !isEmpty(engine, inner, at)) ids.add(idAfter(inner.name, prefix))
        }
      }
      const listed = page([...ids].sort(compareIds), request.pageSize, request.pageToken)
      const documents = listed.ids.map((id) => {
        const name = `${prefix}/${id}`
        const document = engine.store.get(name, at)
        return document === null
          ? DocumentType.encode({ name } as object).finish()
          : maskedBytes(document, request.mask)
      })
      return { documents, nextPageToken: listed.nextPageToken }
    })
  }
}

/** The segment that follows `prefix/` in a name. */
function idAfter(name: string, prefix: string): string {
  const start = prefix.length + 1
  const end = name.indexOf('/', start)
  return name.slice(start, end === -1 ? undefined : end)
}

function isEmpty(
  engine: Engine,
  collection: { name: string; database: string; collectionId: string },
  at: number | null,
) {
  for (const _ of engine.store.scan(collection, at)) return false
  return true
}

interface ListCollectionIdsRequest extends WireConsistency {
  parent: string
  pageSize: number
  pageToken: string
}

export function listCollectionIds(engine: Engine): Unary {
  return async (request: ListCollectionIdsRequest, { connection }) => {
    const { database } = parseParent(request.parent)
    return withView(engine, { ...consistencyOf(request), database }, connection, async ({ at }) => {
      const ids = new Set<string>()
      for (const collection of engine.store.collections(database)) {
        const isInside = collection.name.startsWith(`${request.parent}/`)
        if (isInside && !isEmpty(engine, collection, at)) ids.add(idAfter(collection.name, request.parent))
      }
      const listed = page([...ids].sort(compareIds), request.pageSize, request.pageToken)
      return { collectionIds: listed.ids, nextPageToken: listed.nextPageToken }
    })
  }
}

interface PartitionRequest extends WireConsistency {
  parent: string
  structuredQuery: WireQuery | null
  partitionCount: Int64
  pageToken: string
  pageSize: number
}

/** Names that cut a collection group into parts of about the same size, at most as many as asked for. */
export function partitionQuery(engine: Engine): Unary {
  return async (request: PartitionRequest, { connection }) => {
    const query = parseQuery(request.parent, request.structuredQuery)
    const wanted = Number(fromInt64(request.partitionCount))
    if (wanted < 1) throw invalidArgument('The partition count must be positive.')
    return withView(engine, { ...consistencyOf(request), database: query.database }, connection, async ({ at }) => {
      const { documents } = runQuery(engine.store, query, at)
      const cuts = new Set<string>()
      for (let part = 1; part <= wanted; part++) {
        const index = Math.floor((part * documents.length) / (wanted + 1))
        const name = documents[index]?.name
        if (index > 0 && name !== undefined) cuts.add(name)
      }
      return { partitions: [...cuts].map((name) => ({ values: [toWireValue(reference(name))], before: true })) }
    })
  }
}
