import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { limits } from './limits.ts'

describe('the limits of spending, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  limits(startGoogleFirestore)
})
