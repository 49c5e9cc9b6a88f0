import { startDocuments } from '../../../support/documents.ts'
import { deliveryFaults } from './delivery-faults.ts'

describe('faults of event delivery, on our document server', () => {
  deliveryFaults(startDocuments)
})
