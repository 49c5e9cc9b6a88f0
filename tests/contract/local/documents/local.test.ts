import { startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'
import { documentsContract } from './suite.ts'

documentsContract('the local document server', async () => {
  const server = await startDocumentServer({ port: 0, dataDir: null })
  const clients = clientsOf(server.host)
  return {
    newClient: clients.newClient,
    async close() {
      await clients.close()
      await server.close()
    },
  }
})
