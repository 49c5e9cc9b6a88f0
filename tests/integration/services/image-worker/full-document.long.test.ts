import { startDocuments } from '../../../support/documents.ts'
import { fullCharacters } from './full-document.ts'

describe('characters near the limit of a document, on our document server', () => {
  fullCharacters(startDocuments)
})
