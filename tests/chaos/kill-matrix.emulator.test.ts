import { describeOnGoogle, startGoogleFirestore } from '../support/google-firestore.ts'
import { killMatrix } from './kill-matrix.ts'

describeOnGoogle('the image worker killed from outside, on Google’s Firestore emulator', () => {
  killMatrix({
    documents: startGoogleFirestore,
    bucketPhases: 12,
    leaseMs: 2_000,
    beginWithinMs: 120_000,
    leastPhases: 3,
  })
})
