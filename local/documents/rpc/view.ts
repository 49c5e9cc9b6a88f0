import type { Micros } from '#local/documents/clock.ts'
import type { Engine } from '#local/documents/engine.ts'
import type { Transaction } from '#local/documents/transactions/transactions.ts'
import type { WireConsistency } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { fromWireTimestamp } from '#local/documents/wire/timestamp.ts'

/** From where a read looks. */
export interface View {
  /** The time it sees; null: the present. */
  at: Micros | null
  /** The transaction whose locks the read takes; null when it takes none. */
  locker: Transaction | null
  /** The id of the transaction that this read began, to be told to the client. */
  started: Buffer | null
}

/** Runs a read from the view that its request asks for, beginning a transaction where it says so. */
export async function withView<T>(
  engine: Engine,
  request: WireConsistency & { database: string },
  connection: string,
  read: (view: View) => Promise<T>,
): Promise<T> {
  const { transactions, store, clock } = engine
  // History may have been cut since the transaction began: what is no longer kept must not look as if it had never been there.
  const inTransaction = (transaction: Transaction, started: Buffer | null) => {
    if (transaction.readTime !== null) store.checkReadable(transaction.readTime)
    return read(viewOf(transaction, started))
  }
  switch (request.consistencySelector) {
    case 'transaction':
      return transactions.during(request.transaction, request.database, async (transaction) =>
        inTransaction(transaction, null),
      )
    case 'newTransaction': {
      const { id } = transactions.begin(request.database, request.newTransaction, connection)
      try {
        return await transactions.during(id, request.database, async (transaction) => inTransaction(transaction, id))
      } catch (error) {
        // The client never learns the id, so it cannot roll back.
        transactions.end(id)
        throw error
      }
    }
    case 'readTime': {
      const at = fromWireTimestamp(request.readTime)
      if (at > clock.readTime()) throw invalidArgument('The read time cannot be in the future.')
      store.checkReadable(at)
      return read({ at, locker: null, started: null })
    }
    default:
      return read({ at: null, locker: null, started: null })
  }
}

function viewOf(transaction: Transaction, started: Buffer | null): View {
  const { readTime } = transaction
  return { at: readTime, locker: readTime === null ? transaction : null, started }
}
