import { describeOnGoogle, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { providerFaults } from './provider-faults.ts'

describeOnGoogle(
  'faults of ClipDrop that last, on Google’s Firestore emulator',
  () => {
    providerFaults({
      documents: startGoogleFirestore,
      providers: 'clipdrop',
      only: ({ nature, lasts }) => lasts || nature === 'refused',
    })
  },
  { isInGate: false },
)
