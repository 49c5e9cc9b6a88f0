import type { CollectionReference, Firestore } from '@google-cloud/firestore'
import { aggregationsContract } from './suite/aggregations.ts'
import { listenersContract } from './suite/listeners.ts'
import { listingsContract } from './suite/listings.ts'
import { queriesContract } from './suite/queries.ts'
import { refusalsContract } from './suite/refusals.ts'
import { transactionsContract } from './suite/transactions.ts'
import { valuesContract } from './suite/values.ts'
import { writesContract } from './suite/writes.ts'

/** A running Firestore; every client is closed with it. */
export interface DocumentsUnderTest {
  newClient(): Firestore
  close(): Promise<void>
}

/** What a section of the contract works with. */
export interface Bench {
  firestore(): Firestore
  /** Another client, with connections of its own. */
  newClient(): Firestore
  /** A collection that nothing else uses. */
  freshCollection(): CollectionReference
}

let collections = 0

/** What the official client may rely on, whatever server it speaks to. */
export function documentsContract(name: string, connect: () => Promise<DocumentsUnderTest>): void {
  describe(name, () => {
    let server: DocumentsUnderTest
    let firestore: Firestore
    const bench: Bench = {
      firestore: () => firestore,
      newClient: () => server.newClient(),
      freshCollection: () => firestore.collection(`c${Date.now()}-${process.pid}-${collections++}`),
    }

    beforeAll(async () => {
      server = await connect()
      firestore = server.newClient()
    }, 90_000)
    afterAll(() => server.close())

    describe('values', () => valuesContract(bench))
    describe('writes', () => writesContract(bench))
    describe('queries', () => queriesContract(bench))
    describe('refusals', () => refusalsContract(bench))
    describe('aggregations', () => aggregationsContract(bench))
    describe('transactions', () => transactionsContract(bench))
    describe('listeners', () => listenersContract(bench))
    describe('listings', () => listingsContract(bench))
  })
}
