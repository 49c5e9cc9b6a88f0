import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { tenThousand } from './ten-thousand.ts'

describe('ten thousand registered models in Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  tenThousand('Google’s emulator', startGoogleFirestore, { isEmulator: true, runs: 3, mostMs: 60_000 })
})
