import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { interleavedRuns } from './interleavings.ts'

describeOnGoogle(
  'interleaved runs, on Google’s Firestore emulator',
  () => {
    interleavedRuns({ documents: startGoogleFirestore })
  },
  { isInGate: false },
)
