import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { sources } from './sources.ts'

describe('what may be synced, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  // Whatever is odd about a document or makes more than one file; the others are the same to the database.
  sources({ documents: startGoogleFirestore }, ({ title }) =>
    /number|pipeline|patterns|facts|itself|emoji|control/.test(title),
  )
})
