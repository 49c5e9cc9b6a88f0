import { startDocuments } from '../../../support/documents.ts'
import { hubFaults } from './hub-faults.ts'

describe('faults of the hubs themselves', () => {
  hubFaults(startDocuments)
})
