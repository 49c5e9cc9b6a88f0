import { startDocuments } from '../../../support/documents.ts'
import { syncAgain } from './again.ts'

describe('"Sync now" again, on our document server', () => {
  syncAgain(startDocuments)
})
