import { findGoogleFirestore, startGoogleFirestore } from '../../support/google-firestore.ts'
import { trainingKills } from './training-kills.ts'

describe('a training whose services are killed from outside, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  trainingKills({ documents: startGoogleFirestore, leaseMs: 3_000, keepsLocks: true })
})
