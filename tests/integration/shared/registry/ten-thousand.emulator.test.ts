import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { tenThousand } from './ten-thousand.ts'

describeOnGoogle(
  'ten thousand registered models in Google’s Firestore emulator',
  () => {
    tenThousand('Google’s emulator', () => startGoogleFirestore({ javaFlags: [] }), {
      isEmulator: true,
      runs: 3,
      mostMs: 60_000,
    })
  },
  { isInGate: false },
)
