import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { relayContract } from './relay-suite.ts'

if (findGoogleFirestore() === null) {
  test("a relay of Google's emulator", () => {
    console.log('skipped: no gcloud')
  })
} else {
  relayContract("a relay of Google's emulator", startGoogleFirestore)
}
