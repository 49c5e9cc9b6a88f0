import { Firestore } from '@google-cloud/firestore'

process.env.METADATA_SERVER_DETECTION = 'none'

/** Makes official clients of the server at `host` and ends them all. */
export function clientsOf(host: string): { newClient: () => Firestore; close: () => Promise<void> } {
  const clients: Firestore[] = []
  return {
    newClient() {
      // The client reads it once, when it is made.
      process.env.FIRESTORE_EMULATOR_HOST = host
      const client = new Firestore({ projectId: 'contract' })
      clients.push(client)
      return client
    },
    async close() {
      await Promise.all(clients.splice(0).map((client) => client.terminate()))
      // The ends of open streams arrive in the next turns; a test file that has ended would no longer answer them.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}
