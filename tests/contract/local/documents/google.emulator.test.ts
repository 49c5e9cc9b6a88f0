import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { clientsOf } from './clients.ts'
import { documentsContract } from './suite.ts'

if (findGoogleFirestore() === null) {
  test("Google's emulator keeps the same contract", () => {
    console.log('skipped: no gcloud')
  })
} else {
  documentsContract("Google's emulator", async () => {
    const server = await startGoogleFirestore()
    const clients = clientsOf(server.host)
    return {
      newClient: clients.newClient,
      async close() {
        await clients.close()
        await server.close()
      },
    }
  })
}
