import { startDocumentServer } from '#local/documents/server.ts'
import { stalledInstance } from './stalled-instance.ts'

describe('a stalled instance, on our document server', () => {
  stalledInstance(() => startDocumentServer({ port: 0, dataDir: null }))
})
