import { findGoogleFirestore, startGoogleFirestore } from '../../support/google-firestore.ts'
import { trainingKills } from './training-kills.ts'

describe('a training whose services are killed from outside, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  trainingKills({
    documents: startGoogleFirestore,
    leaseMs: 4_000,
    keepsLocks: true,
    reconcileMs: 10_000,
    taskRetry: { baseMs: 500, maxMs: 2_000 },
  })
})
