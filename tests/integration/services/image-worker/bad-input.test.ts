import { startDocumentServer } from '#local/documents/server.ts'
import { badInput } from './bad-input.ts'

describe('bad input, on our document server', () => {
  badInput(() => startDocumentServer({ port: 0, dataDir: null }))
})
