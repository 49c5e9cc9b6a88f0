import type { Firestore, Transaction } from '@google-cloud/firestore'
import { documentsError, isTransactionClosed } from './firestore.ts'

/** Writes to put into a transaction whose reads are over. */
export type Writes = (transaction: Transaction) => void

/**
 * A piece of a larger transaction: it reads (and may throw), then returns its writes. Firestore wants every read
 * before the first write, so pieces of several owners are joined as "all reads, then all writes".
 */
export type TransactionPart = (transaction: Transaction) => Promise<Writes>

/** So often a transaction that was closed under our hands is begun anew; the client, which repeats contention, does not always know it. */
const mostTries = 4

/**
 * Runs `work` in a transaction; it is repeated on contention, so it must not have effects outside.
 * @throws our own errors as thrown by `work`; Firestore's translated (`documents.contention`, …).
 */
export async function runTransaction<T>(db: Firestore, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    // The client decides by gRPC code whether to repeat; an AppError has a string code and ends the transaction at once.
    try {
      return await db.runTransaction(work, { maxAttempts: 8 })
    } catch (error) {
      const failure = documentsError(error)
      if (!isTransactionClosed(failure) || attempt === mostTries) throw failure
    }
  }
}
