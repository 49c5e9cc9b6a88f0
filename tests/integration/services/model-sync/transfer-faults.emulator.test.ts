import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { transferFaults } from './transfer-faults.ts'

describeOnGoogle(
  'faults of the storage behind the hubs, on Google’s Firestore emulator',
  () => {
    // What is left out ends as others do, as far as documents go.
    transferFaults(
      startGoogleFirestore,
      ({ name, isLasting }) => isLasting === undefined && /40. once|anew|missed|html/.test(name),
    )
  },
  { isInGate: false },
)
