import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { tenThousand } from './ten-thousand.ts'

describe('ten thousand registered models in Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  tenThousand('Google’s emulator', startGoogleFirestore, { runs: 3, slowRuns: 1, mostMs: 30_000 })
})
