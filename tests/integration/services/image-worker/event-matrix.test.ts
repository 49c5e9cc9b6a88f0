import { startDocuments } from '../../../support/documents.ts'
import { eventMatrix } from './event-matrix.ts'

describe('the image worker’s event matrix, on our document server', () => {
  eventMatrix(startDocuments)
})
