import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { waysIn } from './ways-in.ts'

describeOnGoogle(
  'the app’s three ways in, on Google’s Firestore emulator',
  () => {
    waysIn(startGoogleFirestore)
  },
  { isInGate: false },
)
