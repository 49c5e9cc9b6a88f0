import { startDocumentServer } from '#local/documents/server.ts'
import { oneCopy } from './one-copy.ts'

describe('one copy for all who ask, on our document server', () => {
  oneCopy(() => startDocumentServer({ port: 0, dataDir: null }))
})
