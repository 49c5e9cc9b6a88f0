import { startDocuments } from '../../../support/documents.ts'
import { stalledInstance } from './stalled-instance.ts'

describe('a stalled instance of model sync, on our document server', () => {
  stalledInstance(startDocuments)
})
