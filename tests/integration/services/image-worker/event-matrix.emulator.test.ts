import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { eventMatrix } from './event-matrix.ts'

describe('the image worker’s event matrix, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  eventMatrix(startGoogleFirestore)
})
