import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { interleavedRuns } from './interleavings.ts'

describe('interleaved runs, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  interleavedRuns({ documents: startGoogleFirestore })
})
