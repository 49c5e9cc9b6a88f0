import { startDocuments } from '../../../support/documents.ts'
import { providerFaults } from './provider-faults.ts'

describe('faults of ClipDrop, with nobody to fall back on', () => {
  providerFaults({ documents: startDocuments, providers: 'clipdrop' })
})
