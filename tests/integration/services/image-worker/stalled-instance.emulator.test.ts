import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { stalledInstance } from './stalled-instance.ts'

describe('a stalled instance, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  stalledInstance(startGoogleFirestore)
})
