import { describeOnGoogle, startGoogleFirestore } from '../../support/google-firestore.ts'
import { trainingKills } from './training-kills.ts'

describeOnGoogle('a training whose services are killed from outside, on Google’s Firestore emulator', () => {
  trainingKills({
    documents: startGoogleFirestore,
    leaseMs: 4_000,
    keepsLocks: true,
    reconcileMs: 10_000,
    taskRetry: { baseMs: 500, maxMs: 2_000 },
  })
})
