import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { outputSuite } from './outputs.ts'

describeOnGoogle(
  'variants, thumbnails and trim, on Google’s Firestore emulator',
  () => {
    outputSuite({ documents: startGoogleFirestore, deaths: [['unanswered', '.avif']] })
  },
  { isInGate: false },
)
