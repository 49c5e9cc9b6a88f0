import { findGoogleFirestore, startGoogleFirestore } from '../support/google-firestore.ts'
import { killMatrix } from './kill-matrix.ts'

describe('the image worker killed from outside, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  killMatrix({
    documents: startGoogleFirestore,
    bucketPhases: 12,
    leaseMs: 2_000,
    beginWithinMs: 120_000,
    leastPhases: 3,
  })
})
