import { startDocuments } from '../../../support/documents.ts'
import { transferFaults } from './transfer-faults.ts'

describe('faults of the storage behind the hubs', () => {
  transferFaults(startDocuments)
})
