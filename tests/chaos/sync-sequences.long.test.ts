import { startDocumentServer } from '#local/documents/server.ts'
import { syncSequences } from './sync-sequences.ts'

describe('model sync under sequences of chance, on our document server', () => {
  syncSequences(() => startDocumentServer({ port: 0, dataDir: null }), { seeds: [2, 6], steps: 12 })
})
