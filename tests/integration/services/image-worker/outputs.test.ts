import { startDocumentServer } from '#local/documents/server.ts'
import { outputSuite } from './outputs.ts'

describe('variants, thumbnails and trim, on our document server', () => {
  outputSuite({
    documents: () => startDocumentServer({ port: 0, dataDir: null }),
    deaths: [
      ['before', '.webp'],
      ['unanswered', '.avif'],
      ['after', '_16.webp'],
      ['after', '_32.avif'],
    ],
  })
})
