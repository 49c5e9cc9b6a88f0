import { randomBytes } from 'node:crypto'
import type { CommitClock, Micros } from '#local/documents/clock.ts'
import type { WireTransactionOptions } from '#local/documents/wire/messages.ts'
import { aborted, invalidArgument, type StatusError } from '#local/documents/wire/status.ts'
import { fromWireTimestamp } from '#local/documents/wire/timestamp.ts'
import type { LockOwner, LockTable } from './locks.ts'

/** So many ended transactions are remembered for those who come back to retry or to commit them. */
const REMEMBERED = 10_000

export interface Transaction extends LockOwner {
  id: Buffer
  database: string
  /** When it reads: set for read-only transactions, null for those that lock and see the present. */
  readTime: Micros | null
  /** The client's connection: a transaction ends with it. */
  connection: string
}

interface Running extends Transaction {
  lastUsedMs: number
  callsUnderWay: number
}

export interface TransactionTimes {
  /** A transaction that others wait for may be idle this long. */
  contendedIdleMs: number
  /** One that nobody waits for may be idle this long (the real service: 60 s). */
  idleMs: number
}

export interface Transactions {
  /** @throws StatusError INVALID_ARGUMENT for a read time that is not readable. */
  begin(database: string, options: WireTransactionOptions | null, connection: string): Transaction
  /** Runs a call of a transaction. @throws StatusError INVALID_ARGUMENT or ABORTED when it has ended. */
  during<T>(id: Uint8Array, database: string, call: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Forgets the transaction and gives back its locks; unknown ones are no error. */
  end(id: Uint8Array): void
  dropConnection(connection: string): void
  /** Ends what has been idle for too long. */
  expire(): void
}

export function createTransactions(
  context: { clock: CommitClock; locks: LockTable; nowMs: () => number; nextAge: () => number } & TransactionTimes,
): Transactions {
  const { locks, clock, nowMs } = context
  // Ids of an earlier run of the server must not be taken for ours.
  const runId = randomBytes(8)
  const running = new Map<string, Running>()
  const ages = new Map<string, number>()
  const reasons = new Map<string, Error>()
  let count = 0

  const keyOf = (id: Uint8Array) => Buffer.from(id).toString('hex')

  const remember = <V>(known: Map<string, V>, key: string, value: V) => {
    known.set(key, value)
    if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? '')
  }

  const finish = (key: string) => {
    const transaction = running.get(key)
    if (transaction === undefined) return
    running.delete(key)
    remember(ages, key, transaction.age)
    locks.release(transaction)
  }

  const endWith = (key: string, reason: StatusError) => {
    remember(reasons, key, reason)
    finish(key)
  }

  return {
    begin(database, options, connection) {
      count++
      const id = Buffer.concat([runId, Buffer.from(count.toString(16).padStart(12, '0'), 'hex')])
      const key = keyOf(id)
      const retried = options?.mode === 'readWrite' ? keyOf(options.readWrite.retryTransaction) : ''
      // The one to be retried may still run on our side when its rollback got lost.
      if (retried !== '') finish(retried)
      const transaction: Running = {
        id,
        database,
        readTime: options?.mode === 'readOnly' ? snapshotTime(options, clock) : null,
        connection,
        age: ages.get(retried) ?? context.nextAge(),
        lastUsedMs: nowMs(),
        callsUnderWay: 0,
        abandon: (reason) => {
          remember(reasons, key, reason)
          remember(ages, key, transaction.age)
          running.delete(key)
        },
      }
      running.set(key, transaction)
      return transaction
    },
    async during(id, database, call) {
      const key = keyOf(id)
      const transaction = running.get(key)
      if (transaction === undefined) {
        throw reasons.get(key) ?? invalidArgument('The referenced transaction has expired or is no longer valid.')
      }
      if (transaction.database !== database) throw invalidArgument('The transaction belongs to another database.')
      transaction.callsUnderWay++
      try {
        return await call(transaction)
      } finally {
        transaction.callsUnderWay--
        transaction.lastUsedMs = nowMs()
      }
    },
    end: (id) => finish(keyOf(id)),
    dropConnection(connection) {
      for (const [key, transaction] of running) {
        if (transaction.connection === connection)
          endWith(key, aborted('The connection of the transaction was closed.'))
      }
    },
    expire() {
      const blockers = locks.blockers()
      for (const [key, transaction] of running) {
        if (transaction.callsUnderWay > 0) continue
        const allowedMs = blockers.has(transaction) ? context.contendedIdleMs : context.idleMs
        if (nowMs() - transaction.lastUsedMs < allowedMs) continue
        endWith(key, aborted('The referenced transaction has expired: it was idle while others waited. Please retry.'))
      }
    },
  }
}

function snapshotTime(options: WireTransactionOptions, clock: CommitClock): Micros {
  const wanted = options.readOnly.readTime
  if (wanted === null) return clock.readTime()
  const time = fromWireTimestamp(wanted)
  if (time > clock.readTime()) throw invalidArgument('The read time cannot be in the future.')
  return time
}
