import { startDocumentServer } from '#local/documents/server.ts'
import { slices } from './slices.ts'

describe('a copy that goes on elsewhere, on our document server', () => {
  slices(() => startDocumentServer({ port: 0, dataDir: null }))
})
