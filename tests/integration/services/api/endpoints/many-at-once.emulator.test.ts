import { findGoogleFirestore, startGoogleFirestore } from '../../../../support/google-firestore.ts'
import { manyAtOnce } from './many-at-once.ts'

describe('many requests of one user at once, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  manyAtOnce(startGoogleFirestore)
})
