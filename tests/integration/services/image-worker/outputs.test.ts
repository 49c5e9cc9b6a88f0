import { startDocumentServer } from '#local/documents/server.ts'
import { outputSuite } from './outputs.ts'

describe('variants, thumbnails and trim, on our document server', () => {
  outputSuite(() => startDocumentServer({ port: 0, dataDir: null }))
})
