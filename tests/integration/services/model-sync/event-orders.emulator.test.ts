import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { eventOrders } from './event-orders.ts'

describe('events of model sync in any order, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  eventOrders(startGoogleFirestore, { samples: 3 })
})
