import { describeOnGoogle, startGoogleFirestore } from '../support/google-firestore.ts'
import { bundleSuite } from './bundle.ts'

describeOnGoogle('the built image worker, on Google’s Firestore emulator', () => {
  bundleSuite(startGoogleFirestore)
})
