import { startDocuments } from '../../../support/documents.ts'
import { outputSuite } from './outputs.ts'

describe('variants, thumbnails and trim, on our document server', () => {
  outputSuite({
    documents: startDocuments,
    deaths: [
      ['before', '.webp'],
      ['unanswered', '.avif'],
      ['after', '_16.webp'],
      ['after', '_32.avif'],
    ],
  })
})
