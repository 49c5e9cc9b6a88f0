import { startDocuments } from '../../../support/documents.ts'
import { operations } from './operations.ts'

describe('what operators do, on our document server', () => {
  operations(startDocuments)
})
