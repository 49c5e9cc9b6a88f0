import { startDocumentServer } from '#local/documents/server.ts'
import { deliveryFaults } from './delivery-faults.ts'

describe('faults of event delivery, on our document server', () => {
  deliveryFaults(() => startDocumentServer({ port: 0, dataDir: null }))
})
