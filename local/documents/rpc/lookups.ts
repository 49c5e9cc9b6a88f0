import type { Engine } from '#local/documents/engine.ts'
import { checkDatabase, parseDocumentName } from '#local/documents/names.ts'
import { projectedBytes } from '#local/documents/queries/project.ts'
import type { StoredDocument } from '#local/documents/storage/document.ts'
import { parseFieldPath } from '#local/documents/values/field-path.ts'
import type { WireConsistency, WireMask } from '#local/documents/wire/messages.ts'
import type { ServerStream, Unary } from '#local/documents/wire/service.ts'
import { invalidArgument, notFound } from '#local/documents/wire/status.ts'
import { toWireTimestamp } from '#local/documents/wire/timestamp.ts'
import { type View, withView } from './view.ts'

interface BatchGetRequest extends WireConsistency {
  database: string
  documents: string[]
  mask: WireMask | null
}

interface GetRequest extends WireConsistency {
  name: string
  mask: WireMask | null
}

/** Reads documents by name, all at one time, under locks in a transaction that writes. */
export function batchGetDocuments(engine: Engine): ServerStream {
  return async (request: BatchGetRequest, { connection }, send) => {
    const database = checkDatabase(request.database)
    for (const name of request.documents) {
      if (parseDocumentName(name).database !== database) throw invalidArgument(`"${name}" is not in "${database}".`)
    }
    await withView(engine, request, connection, async (view) => {
      const { readTime, documents } = await lookUp(engine, view, request.documents)
      const time = toWireTimestamp(readTime)
      if (view.started !== null) send({ transaction: view.started })
      documents.forEach((document, index) => {
        if (document === null) send({ missing: request.documents[index], readTime: time })
        else send({ found: maskedBytes(document, request.mask), readTime: time })
      })
    })
  }
}

export function getDocument(engine: Engine): Unary {
  return async (request: GetRequest, { connection }) => {
    const { database } = parseDocumentName(request.name)
    return withView(engine, { ...consistencyOf(request), database }, connection, async (view) => {
      const { documents } = await lookUp(engine, view, [request.name])
      const document = documents[0] ?? null
      if (document === null) throw notFound(`Document "${request.name}" not found.`)
      return maskedBytes(document, request.mask)
    })
  }
}

function lookUp(engine: Engine, view: View, names: readonly string[]) {
  const read = () => ({
    readTime: view.at ?? engine.clock.readTime(),
    documents: names.map((name) => engine.store.get(name, view.at)),
  })
  return view.locker === null ? Promise.resolve(read()) : engine.locks.withLocks({ owner: view.locker, names }, read)
}

export function maskedBytes(document: StoredDocument, mask: WireMask | null): Uint8Array {
  return projectedBytes(document, mask === null ? null : mask.fieldPaths.map(parseFieldPath))
}

/** The members that say when to read; the oneof's name is a getter that a spread of the message would lose. */
export function consistencyOf(request: WireConsistency): WireConsistency {
  const { transaction, newTransaction, readTime, consistencySelector } = request
  const selector = consistencySelector === undefined ? {} : { consistencySelector }
  return { transaction, newTransaction, readTime, ...selector }
}
