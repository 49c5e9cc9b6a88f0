import { startDocumentServer } from '#local/documents/server.ts'
import { bundleSuite } from './bundle.ts'

describe('the built image worker, on our document server', () => {
  bundleSuite(() => startDocumentServer({ port: 0, dataDir: null }))
})
