import { startDocumentServer } from '#local/documents/server.ts'
import { eventOrders } from './event-orders.ts'

describe('events of model sync in any order, on our document server', () => {
  eventOrders(() => startDocumentServer({ port: 0, dataDir: null }), { samples: 8 })
})
