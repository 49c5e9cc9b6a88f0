import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { cacheCrashes } from './cache-crashes.ts'

describeOnGoogle(
  'the cache when an instance dies, on Google’s Firestore emulator',
  () => {
    cacheCrashes(startGoogleFirestore)
  },
  { isInGate: false },
)
