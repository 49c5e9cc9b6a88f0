import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { oneCopy } from './one-copy.ts'

describeOnGoogle(
  'one copy for all who ask, on Google’s Firestore emulator',
  () => {
    oneCopy(startGoogleFirestore)
  },
  { isInGate: false },
)
