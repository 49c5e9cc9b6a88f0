import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { stalledInstance } from './stalled-instance.ts'

describeOnGoogle(
  'a stalled instance, on Google’s Firestore emulator',
  () => {
    stalledInstance(startGoogleFirestore)
  },
  { isInGate: false },
)
