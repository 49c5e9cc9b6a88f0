import { randomBytes } from 'node:crypto'
import type { Engine } from '#local/documents/engine.ts'
import { checkDatabase, parseDocumentName, parseParent } from '#local/documents/names.ts'
import { toWireValue } from '#local/documents/values/codec.ts'
import type { WireMask, WirePrecondition, WireTimestamp, WireWrite } from '#local/documents/wire/messages.ts'
import { messageType } from '#local/documents/wire/schema.ts'
import { statusOf, type Unary } from '#local/documents/wire/service.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { toWireTimestamp } from '#local/documents/wire/timestamp.ts'
import { checkSequence } from '#local/documents/writes/check-sequence.ts'
import { type CommitPlan, writtenName } from '#local/documents/writes/plan.ts'
import { maskedBytes } from './lookups.ts'

interface CommitRequest {
  database: string
  writes: WireWrite[]
  transaction: Uint8Array
}

const WriteType = messageType('Write')
const AUTO_ID = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function checkWrites(database: string, writes: readonly WireWrite[]): void {
  checkDatabase(database)
  for (const write of writes) {
    const name = writtenName(write)
    if (parseDocumentName(name).database !== database) throw invalidArgument(`"${name}" is not in "${database}".`)
  }
  checkSequence(writes)
}

export function commit(engine: Engine): Unary {
  return async ({ database, writes, transaction }: CommitRequest) => {
    checkWrites(database, writes)
    const run =
      transaction.length === 0
        ? engine.commit(writes, null)
        : engine.transactions.during(transaction, database, (found) => {
            if (found.readTime !== null && writes.length > 0) {
              throw invalidArgument('Cannot modify entities in a read-only transaction.')
            }
            return engine.commit(writes, found)
          })
    const { results, commitTime } = await run
    return { writeResults: results.map(wireResult), commitTime: toWireTimestamp(commitTime) }
  }
}

function wireResult({ updateTime, transformResults }: CommitPlan['results'][number]): object {
  const time: { updateTime?: WireTimestamp } = updateTime === null ? {} : { updateTime: toWireTimestamp(updateTime) }
  return { ...time, transformResults: transformResults.map(toWireValue) }
}

/** Each write by itself, in no order: one's failure is its own. */
export function batchWrite(engine: Engine): Unary {
  return async ({ database, writes }: CommitRequest) => {
    checkDatabase(database)
    const names = new Set(writes.map(writtenName))
    if (names.size < writes.length) throw invalidArgument('A document can be written only once in a batch of writes.')
    const outcomes = await Promise.all(
      writes.map(async (write) => {
        try {
          checkWrites(database, [write])
          const { results, commitTime } = await engine.commit([write], null)
          const result = results[0]
          // Deletions tell their time here, unlike in a commit.
          const written = { transformResults: [], ...result, updateTime: result?.updateTime ?? commitTime }
          return { result: wireResult(written), status: { code: 0 } }
        } catch (error) {
          const { code, details } = statusOf(error)
          return { result: {}, status: { code, message: details } }
        }
      }),
    )
    return { writeResults: outcomes.map((each) => each.result), status: outcomes.map((each) => each.status) }
  }
}

/** Deletes every document of a database in one commit, as Google's emulator does. */
export async function clearDocuments(engine: Engine, database: string): Promise<void> {
  checkDatabase(database)
  const collections = [...engine.store.collections(database)]
  const names = collections.flatMap((collection) => [...engine.store.scan(collection)].map(({ name }) => name))
  const writes = names.map((name) => WriteType.create({ delete: name }) as unknown as WireWrite)
  if (writes.length > 0) await engine.commit(writes, null)
}

interface CreateRequest {
  parent: string
  collectionId: string
  documentId: string
  document: WireWrite['update'] | null
  mask: WireMask | null
}

export function createDocument(engine: Engine): Unary {
  return async ({ parent, collectionId, documentId, document, mask }: CreateRequest) => {
    parseParent(parent)
    const id = documentId === '' ? autoId() : documentId
    const name = `${parent}/${collectionId}/${id}`
    const write = WriteType.fromObject({ currentDocument: { exists: false } }) as unknown as WireWrite
    write.update = { name, fields: document?.fields ?? {} }
    return writeOne(engine, write, name, mask)
  }
}

interface UpdateRequest {
  document: WireWrite['update'] | null
  updateMask: WireMask | null
  mask: WireMask | null
  currentDocument: WirePrecondition | null
}

export function updateDocument(engine: Engine): Unary {
  return async ({ document, updateMask, mask, currentDocument }: UpdateRequest) => {
    if (document === null) throw invalidArgument('A document is needed.')
    const write = WriteType.create({ update: document, updateMask, currentDocument }) as unknown as WireWrite
    return writeOne(engine, write, document.name, mask)
  }
}

async function writeOne(engine: Engine, write: WireWrite, name: string, mask: WireMask | null): Promise<object> {
  const { database } = parseDocumentName(name)
  checkWrites(database, [write])
  const { changes } = await engine.commit([write], null)
  const document = changes[0]?.after ?? engine.store.get(name)
  if (document === null) throw invalidArgument(`"${name}" was deleted meanwhile.`)
  return maskedBytes(document, mask)
}

export function deleteDocument(engine: Engine): Unary {
  return async ({ name, currentDocument }: { name: string; currentDocument: WirePrecondition | null }) => {
    parseDocumentName(name)
    const write = WriteType.create({ delete: name, currentDocument }) as unknown as WireWrite
    await engine.commit([write], null)
    return {}
  }
}

function autoId(): string {
  return Array.from(randomBytes(20), (byte) => AUTO_ID[byte % AUTO_ID.length]).join('')
}
