import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { providerFaults } from './provider-faults.ts'

describe.each(['clipdrop', 'clipdrop,local'] as const)(
  'faults of ClipDrop with %s, on Google’s emulator',
  (providers) => {
    if (findGoogleFirestore() === null) {
      test('skipped: no gcloud', () => console.log('skipped: no gcloud'))
      return
    }
    providerFaults({ documents: startGoogleFirestore, providers })
  },
)
