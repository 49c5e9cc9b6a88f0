import { startDocuments } from '../../../support/documents.ts'
import { waysIn } from './ways-in.ts'

describe('the app’s three ways in, on our document server', () => {
  waysIn(startDocuments)
})
