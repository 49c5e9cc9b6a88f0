import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { eventOrders } from './event-orders.ts'

describeOnGoogle(
  'events of model sync in any order, on Google’s Firestore emulator',
  () => {
    eventOrders(startGoogleFirestore, { samples: 3 })
  },
  { isInGate: false },
)
