import { startDocuments } from '../../../support/documents.ts'
import { interleavedRuns } from './interleavings.ts'

describe('interleaved runs, on our document server', () => {
  interleavedRuns({ documents: startDocuments })
})
