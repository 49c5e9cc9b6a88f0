import { startDocumentServer } from '#local/documents/server.ts'
import { waysIn } from './ways-in.ts'

describe('the app’s three ways in, on our document server', () => {
  waysIn(() => startDocumentServer({ port: 0, dataDir: null }))
})
