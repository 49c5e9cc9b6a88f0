import { startDocumentServer } from '#local/documents/server.ts'
import { providerFaults } from './provider-faults.ts'

describe('faults of ClipDrop, with nobody to fall back on', () => {
  providerFaults({ documents: () => startDocumentServer({ port: 0, dataDir: null }), providers: 'clipdrop' })
})
