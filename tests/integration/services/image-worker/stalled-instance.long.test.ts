import { startDocuments } from '../../../support/documents.ts'
import { stalledInstance } from './stalled-instance.ts'

describe('a stalled instance, on our document server', () => {
  stalledInstance(startDocuments)
})
