import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { deliveryFaults } from './delivery-faults.ts'

describe('faults of event delivery, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  deliveryFaults(startGoogleFirestore)
})
