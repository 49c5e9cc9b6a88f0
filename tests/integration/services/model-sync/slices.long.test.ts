import { startDocuments } from '../../../support/documents.ts'
import { slices } from './slices.ts'

describe('a copy that goes on elsewhere, on our document server', () => {
  slices(startDocuments)
})
