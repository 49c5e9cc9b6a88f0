import { startDocumentServer } from '#local/documents/server.ts'
import { sources } from './sources.ts'

describe('what may be synced, without a task queue', () => {
  sources({ documents: () => startDocumentServer({ port: 0, dataDir: null }), taskQueue: false })
})
