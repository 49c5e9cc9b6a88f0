import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { deliveryFaults } from './delivery-faults.ts'

describeOnGoogle(
  'faults of event delivery, on Google’s Firestore emulator',
  () => {
    deliveryFaults(startGoogleFirestore)
  },
  { isInGate: false },
)
