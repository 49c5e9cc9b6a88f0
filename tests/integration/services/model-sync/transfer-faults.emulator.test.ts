import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { transferFaults } from './transfer-faults.ts'

describe('faults of the storage behind the hubs, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  // What is left out ends as others do, as far as documents go.
  transferFaults(
    startGoogleFirestore,
    ({ name, isLasting }) => isLasting === undefined && /40. once|anew|missed|html/.test(name),
  )
})
