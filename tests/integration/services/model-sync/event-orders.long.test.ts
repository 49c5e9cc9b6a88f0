import { startDocuments } from '../../../support/documents.ts'
import { eventOrders } from './event-orders.ts'

describe('events of model sync in any order, on our document server', () => {
  eventOrders(startDocuments, { samples: 8 })
})
