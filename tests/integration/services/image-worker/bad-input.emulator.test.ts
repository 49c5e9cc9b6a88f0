import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { badInput } from './bad-input.ts'

describe('bad input, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  badInput(startGoogleFirestore)
})
