import { startDocuments } from '../support/documents.ts'
import { syncSequences } from './sync-sequences.ts'

describe('model sync under sequences of chance, on our document server', () => {
  syncSequences(startDocuments, { seeds: [2, 6], steps: 12 })
})
