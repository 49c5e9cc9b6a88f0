import { startDocuments } from '../../../support/documents.ts'
import { limits } from './limits.ts'

describe('the limits of spending, on our document server', () => {
  limits(startDocuments)
})
