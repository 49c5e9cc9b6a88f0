import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { eventMatrix } from './event-matrix.ts'

describeOnGoogle(
  'the image worker’s event matrix, on Google’s Firestore emulator',
  () => {
    eventMatrix(startGoogleFirestore)
  },
  { isInGate: false },
)
