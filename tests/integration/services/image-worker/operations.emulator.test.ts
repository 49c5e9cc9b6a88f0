import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { operations } from './operations.ts'

describeOnGoogle(
  'what operators do, on Google’s Firestore emulator',
  () => {
    operations(startGoogleFirestore)
  },
  { isInGate: false },
)
