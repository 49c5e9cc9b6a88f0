import { startDocumentServer } from '#local/documents/server.ts'
import { syncAgain } from './again.ts'

describe('"Sync now" again, on our document server', () => {
  syncAgain(() => startDocumentServer({ port: 0, dataDir: null }))
})
