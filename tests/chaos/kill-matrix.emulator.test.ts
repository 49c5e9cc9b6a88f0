import { describeOnGoogle, startGoogleFirestore } from '../support/google-firestore.ts'
import { howMany } from '../support/how-many.ts'
import { killMatrix } from './kill-matrix.ts'

describeOnGoogle('the image worker killed from outside, on Google’s Firestore emulator', () => {
  killMatrix({
    documents: startGoogleFirestore,
    bucketPhases: howMany({ gate: 4, full: 12 }),
    leaseMs: 2_000,
    beginWithinMs: 120_000,
    leastPhases: howMany({ gate: 2, full: 3 }),
  })
})
