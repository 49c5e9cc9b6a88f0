import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { limits } from './limits.ts'

describeOnGoogle(
  'the limits of spending, on Google’s Firestore emulator',
  () => {
    limits(startGoogleFirestore)
  },
  { isInGate: false },
)
