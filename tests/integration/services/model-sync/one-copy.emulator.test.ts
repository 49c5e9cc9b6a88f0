import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { oneCopy } from './one-copy.ts'

describe('one copy for all who ask, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  oneCopy(startGoogleFirestore)
})
