import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { cacheCrashes } from './cache-crashes.ts'

describe('the cache when an instance dies, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  cacheCrashes(startGoogleFirestore)
})
