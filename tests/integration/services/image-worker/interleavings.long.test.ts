import { startDocumentServer } from '#local/documents/server.ts'
import { interleavedRuns } from './interleavings.ts'

describe('interleaved runs, on our document server', () => {
  interleavedRuns({ documents: () => startDocumentServer({ port: 0, dataDir: null }) })
})
