import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { providerFaults } from './provider-faults.ts'

describe('faults of ClipDrop that last, on Google’s Firestore emulator', () => {
  if (findGoogleFirestore() === null) {
    test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
    return
  }
  providerFaults({
    documents: startGoogleFirestore,
    providers: 'clipdrop',
    only: ({ nature, lasts }) => lasts || nature === 'refused',
  })
})
