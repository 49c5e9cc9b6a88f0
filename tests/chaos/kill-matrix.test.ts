import { startDocuments } from '../support/documents.ts'
import { killMatrix } from './kill-matrix.ts'

describe('the image worker killed from outside, on our document server', () => {
  killMatrix({
    documents: startDocuments,
    bucketPhases: 8,
    leaseMs: 700,
    beginWithinMs: Number.POSITIVE_INFINITY,
    leastPhases: 12,
  })
})
