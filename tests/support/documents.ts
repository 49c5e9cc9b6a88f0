import { Firestore } from '@google-cloud/firestore'
import { startDocumentServer } from '#local/documents/server.ts'

process.env.METADATA_SERVER_DETECTION = 'none'

export interface TestDocuments {
  host: string
  db: Firestore
  close(): Promise<void>
}

/** Where the documents are: our own server in `npm test`, Google's in its tier. */
export type StartDocuments = () => Promise<{ host: string; close(): Promise<void> }>

/** A document server in memory and a client of its own for it. */
export async function startTestDocuments(): Promise<TestDocuments> {
  const server = await startDocumentServer({ port: 0, dataDir: null })
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

/** A client for one server; the environment is not touched, so that several can be used side by side. */
export function connectFirestore(host: string, projectId = 'test-project'): Firestore {
  return new Firestore({ projectId, host, ssl: false, customHeaders: { Authorization: 'Bearer owner' } })
}
