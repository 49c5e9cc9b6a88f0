import { startDocuments } from '../../../support/documents.ts'
import { badInput } from './bad-input.ts'

describe('bad input, on our document server', () => {
  badInput(startDocuments)
})
