import { describeOnGoogle, startGoogleFirestore } from '../../../../support/google-firestore.ts'
import { manyAtOnce } from './many-at-once.ts'

describeOnGoogle('many requests of one user at once, on Google’s Firestore emulator', () => {
  manyAtOnce(startGoogleFirestore)
})
