import { startDocuments } from '../../support/documents.ts'
import { deliveryOrders } from './delivery-orders.ts'

deliveryOrders(startDocuments, ['failed', 'canceled', 'aborted'])
