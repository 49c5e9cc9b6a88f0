import { startDocumentServer } from '#local/documents/server.ts'
import { hubFaults } from './hub-faults.ts'

describe('faults of the hubs themselves', () => {
  hubFaults(() => startDocumentServer({ port: 0, dataDir: null }))
})
