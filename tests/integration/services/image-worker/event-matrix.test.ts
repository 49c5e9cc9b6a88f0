import { startDocumentServer } from '#local/documents/server.ts'
import { eventMatrix } from './event-matrix.ts'

describe('the image worker’s event matrix, on our document server', () => {
  eventMatrix(() => startDocumentServer({ port: 0, dataDir: null }))
})
