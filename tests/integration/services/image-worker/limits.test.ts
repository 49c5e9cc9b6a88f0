import { startDocumentServer } from '#local/documents/server.ts'
import { limits } from './limits.ts'

describe('the limits of spending, on our document server', () => {
  limits(() => startDocumentServer({ port: 0, dataDir: null }))
})
