import { startDocumentServer } from '#local/documents/server.ts'
import { operations } from './operations.ts'

describe('what operators do, on our document server', () => {
  operations(() => startDocumentServer({ port: 0, dataDir: null }))
})
