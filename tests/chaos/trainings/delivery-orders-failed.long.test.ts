import { startDocumentServer } from '#local/documents/server.ts'
import { deliveryOrders } from './delivery-orders.ts'

deliveryOrders(() => startDocumentServer({ port: 0, dataDir: null }), ['failed', 'canceled', 'aborted'])
