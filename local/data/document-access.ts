// The client defines `v1` when it is asked for; only the default export has it.
import firestore from '@google-cloud/firestore'
import { credentials } from '@grpc/grpc-js'
import { fieldsFromJson, fieldsToJson, type WireValue } from './value-json.ts'

/** A commit takes 10 MiB; JSON is a fair estimate of what goes over the wire. */
const COMMIT_BYTES = 4 * 1024 * 1024
const COMMIT_DOCUMENTS = 300

/** All documents of one database, by path, as JSON of `value-json.ts`. */
export interface DocumentAccess {
  /** In the order of their paths. */
  readAll(): AsyncIterable<[path: string, fields: object]>
  /** Replaces or creates each. @throws TypeError naming the document whose JSON is wrong. */
  write(documents: Iterable<[path: string, fields: object]>): Promise<number>
  removeAll(): Promise<void>
  close(): Promise<void>
}

/**
 * Speaks to a document server, ours or Google's emulator, through the official low-level client: the other one cannot write
 * the double 1.
 */
export function openDocuments(host: string, projectId: string): DocumentAccess {
  const { hostname: servicePath, port } = new URL(`http://${host}`)
  const sslCreds = credentials.createInsecure()
  const client = new firestore.v1.FirestoreClient({ servicePath, port: Number(port || 80), sslCreds, projectId })
  const database = `projects/${projectId}/databases/(default)`
  const root = `${database}/documents`

  return {
    async *readAll() {
      const structuredQuery = { from: [{ allDescendants: true }], orderBy: [{ field: { fieldPath: '__name__' } }] }
      const answers = client.runQuery({ parent: root, structuredQuery })
      for await (const { document } of answers as AsyncIterable<QueryAnswer>) {
        if (document) yield [document.name.slice(root.length + 1), fieldsToJson(document.fields ?? {}, root)]
      }
    },
    async write(documents) {
      let count = 0
      for (const writes of batches(documents, root)) {
        await client.commit({ database, writes })
        count += writes.length
      }
      return count
    },
    async removeAll() {
      const response = await fetch(`http://${host}/emulator/v1/${encodeURI(root)}`, { method: 'DELETE' })
      if (!response.ok) throw new Error(`${host} answered ${response.status} to the removal of all documents.`)
    },
    close: () => client.close(),
  }
}

interface QueryAnswer {
  document?: { name: string; fields?: Record<string, WireValue> } | null
}

interface Update {
  update: { name: string; fields: Record<string, WireValue> }
}

function* batches(documents: Iterable<[string, object]>, root: string): Generator<Update[]> {
  let batch: Update[] = []
  let sizeBytes = 0
  for (const [path, json] of documents) {
    batch.push({ update: { name: `${root}/${path}`, fields: fieldsOf(path, json, root) } })
    sizeBytes += JSON.stringify(json).length
    if (batch.length < COMMIT_DOCUMENTS && sizeBytes < COMMIT_BYTES) continue
    yield batch
    batch = []
    sizeBytes = 0
  }
  if (batch.length > 0) yield batch
}

function fieldsOf(path: string, json: object, root: string): Record<string, WireValue> {
  try {
    return fieldsFromJson(json, root)
  } catch (cause) {
    throw new TypeError(`The document ${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}
