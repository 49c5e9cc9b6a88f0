import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { operations } from './operations.ts'

describe('what operators do, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  operations(startGoogleFirestore)
})
