import { startDocumentServer } from '#local/documents/server.ts'
import { transferFaults } from './transfer-faults.ts'

describe('faults of the storage behind the hubs', () => {
  transferFaults(() => startDocumentServer({ port: 0, dataDir: null }))
})
