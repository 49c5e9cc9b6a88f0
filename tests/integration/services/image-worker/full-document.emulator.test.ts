import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { fullCharacters } from './full-document.ts'

describeOnGoogle(
  'characters near the limit of a document, on Google’s Firestore emulator',
  () => {
    fullCharacters(startGoogleFirestore)
  },
  { isInGate: false },
)
