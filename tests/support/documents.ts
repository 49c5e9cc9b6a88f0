import { fileURLToPath } from 'node:url'
import { Firestore } from '@google-cloud/firestore'
import type { IndexOptions } from '#local/documents/indexes/check.ts'
import { readIndexFile } from '#local/documents/indexes/declared.ts'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'

process.env.METADATA_SERVER_DETECTION = 'none'

export interface TestDocuments {
  host: string
  db: Firestore
  close(): Promise<void>
}

/** Where the documents are: our own server in `npm test`, Google's in its tier. */
export type StartDocuments = () => Promise<{ host: string; close(): Promise<void> }>

/** As in production: a query without its index in `infra/firestore.indexes.json` is refused, whatever test asks it. */
const productionIndexes: IndexOptions = {
  declared: readIndexFile(fileURLToPath(new URL('../../infra/firestore.indexes.json', import.meta.url))),
  onMissing: 'refuse',
}

/** A document server of our own, in memory. */
export function startDocuments(): Promise<DocumentServer> {
  return startDocumentServer({ port: 0, dataDir: null, indexes: productionIndexes })
}

/** A document server in memory and a client of its own for it. */
export async function startTestDocuments(): Promise<TestDocuments> {
  const server = await startDocuments()
  const db = connectFirestore(server.host)
  return {
    host: server.host,
    db,
    async close() {
      await db.terminate()
      await server.close()
    },
  }
}

/** One server and client for the tests of a file. */
export function useTestDocuments(): TestDocuments {
  const documents = {} as TestDocuments // Filled before the first test.
  beforeAll(async () => {
    Object.assign(documents, await startTestDocuments())
  })
  afterAll(() => documents.close())
  return documents
}

/** A client for one server; the environment is not touched, so that several can be used side by side. */
export function connectFirestore(host: string, projectId = 'test-project'): Firestore {
  return new Firestore({ projectId, host, ssl: false, customHeaders: { Authorization: 'Bearer owner' } })
}
