import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { sources } from './sources.ts'

describeOnGoogle(
  'what may be synced, on Google’s Firestore emulator',
  () => {
    // Whatever is odd about a document or makes more than one file; the others are the same to the database.
    sources({ documents: startGoogleFirestore }, ({ title }) =>
      /number|pipeline|patterns|facts|itself|emoji|control/.test(title),
    )
  },
  { isInGate: false },
)
