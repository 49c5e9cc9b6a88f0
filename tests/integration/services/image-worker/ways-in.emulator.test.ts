import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { waysIn } from './ways-in.ts'

describe('the app’s three ways in, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  waysIn(startGoogleFirestore)
})
