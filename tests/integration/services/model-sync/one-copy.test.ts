import { startDocuments } from '../../../support/documents.ts'
import { oneCopy } from './one-copy.ts'

describe('one copy for all who ask, on our document server', () => {
  oneCopy(startDocuments)
})
