import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { outputSuite } from './outputs.ts'

describe('variants, thumbnails and trim, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  outputSuite({ documents: startGoogleFirestore, deaths: [['unanswered', '.avif']] })
})
