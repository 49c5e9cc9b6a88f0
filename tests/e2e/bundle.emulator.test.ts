import { findGoogleFirestore, startGoogleFirestore } from '../support/google-firestore.ts'
import { bundleSuite } from './bundle.ts'

describe('the built image worker, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  bundleSuite(startGoogleFirestore)
})
