import { type CommitClock, createCommitClock, type Micros } from './clock.ts'
import { createIndexCheck, type IndexCheck, type IndexOptions } from './indexes/check.ts'
import { decodeDocument, type StoredChange } from './storage/document.ts'
import { type Journal, openJournal } from './storage/journal.ts'
import type { CommitRecord } from './storage/record.ts'
import { createDocumentStore, type DocumentStore } from './storage/store.ts'
import { createLockTable, type LockOwner, type LockTable } from './transactions/locks.ts'
import { createTransactions, type Transaction, type Transactions } from './transactions/transactions.ts'
import type { WireWrite } from './wire/messages.ts'
import { type CommitPlan, planWrites, writtenName } from './writes/plan.ts'

const SWEEP_EVERY_MS = 100

/** A commit that is on the disk. */
export interface Committed {
  commitTime: Micros
  changes: readonly StoredChange[]
}

export interface EngineOptions {
  dataDir: string | null
  nowMs?: (() => number) | undefined
  /** A transaction for which others wait loses its locks after this long without a call. */
  contendedIdleMs: number
  idleMs: number
  /** Waiting for a lock longer than this is ABORTED. */
  lockWaitMs: number
  /** Default: every query is answered and nobody told. */
  indexes?: IndexOptions | undefined
}

/** Documents, locks and the log as one: every commit goes through here. */
export interface Engine {
  store: DocumentStore
  clock: CommitClock
  locks: LockTable
  transactions: Transactions
  checkIndexes: IndexCheck
  /** Commits all writes or none, waiting for the locks of others. Settles when the commit is durable and published. */
  commit(writes: readonly WireWrite[], transaction: Transaction | null): Promise<CommitPlan & { commitTime: Micros }>
  /** Calls `listener` for every durable commit, in order. Gives a function that stops it. */
  subscribe(listener: (commit: Committed) => void): () => void
  close(): Promise<void>
}

export function createEngine(options: EngineOptions): Engine {
  const clock = createCommitClock(options.nowMs)
  const store = createDocumentStore()
  // Idle and waiting times are lengths: they follow a clock that nobody sets.
  const nowMs = () => performance.now()
  const locks = createLockTable({ waitTimeoutMs: options.lockWaitMs, nowMs })
  let ages = 0
  const nextAge = () => ++ages
  const transactions = createTransactions({ ...options, clock, locks, nowMs, nextAge })
  const journal = options.dataDir === null ? null : loadJournal(options.dataDir, store, clock)
  store.startHistory(clock.readTime())
  const listeners = new Set<(commit: Committed) => void>()
  let unpublished: Committed[] = []

  const sweep = setInterval(() => {
    transactions.expire()
    locks.expire()
  }, SWEEP_EVERY_MS)
  sweep.unref()

  const publish = (last: Committed) => {
    const end = unpublished.indexOf(last) + 1
    const ready = unpublished.slice(0, end)
    unpublished = unpublished.slice(end)
    for (const commit of ready) for (const listener of listeners) listener(commit)
  }

  const apply = (writes: readonly WireWrite[]) => {
    const commitTime = clock.commitTime()
    const plan = planWrites(store, writes, commitTime)
    const committed: Committed = { commitTime, changes: plan.changes }
    if (plan.changes.length > 0) {
      journal?.append(toRecord(committed))
      store.apply(plan.changes, commitTime)
      unpublished.push(committed)
    }
    return { ...plan, commitTime, committed }
  }

  const plannedChanges = (writes: readonly WireWrite[]) => {
    try {
      return planWrites(store, writes, clock.commitTime()).changes
    } catch {
      // It will be refused when its turn comes, so nobody's query is in its way.
      return []
    }
  }

  return {
    store,
    clock,
    locks,
    transactions,
    checkIndexes: options.indexes === undefined ? () => {} : createIndexCheck(options.indexes),
    async commit(writes, transaction) {
      const single: LockOwner = { age: nextAge(), abandon: () => {} }
      const owner = transaction ?? single
      const request = { owner, names: writes.map(writtenName), changes: () => plannedChanges(writes) }
      const { committed, ...outcome } = await locks.withLocks(request, () => {
        try {
          return apply(writes)
        } finally {
          if (transaction === null) locks.release(owner)
          else transactions.end(transaction.id)
        }
      })
      await journal?.flushed()
      if (committed.changes.length > 0) publish(committed)
      return outcome
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      clearInterval(sweep)
      await journal?.close()
    },
  }
}

function loadJournal(dataDir: string, store: DocumentStore, clock: CommitClock): Journal {
  return openJournal({
    dataDir,
    replay({ commitTime, changes }) {
      const stored = changes.map(({ name, document }) => ({
        name,
        before: null,
        after: document === null ? null : decodeDocument(document),
      }))
      store.apply(stored, commitTime)
      clock.advanceTo(commitTime)
    },
    snapshot: () => snapshotRecords(store),
  })
}

function* snapshotRecords(store: DocumentStore): Iterable<CommitRecord> {
  for (const { name, bytes, updateTime } of store.all()) {
    yield { commitTime: updateTime, changes: [{ name, document: bytes }] }
  }
}

function toRecord({ commitTime, changes }: Committed): CommitRecord {
  return { commitTime, changes: changes.map(({ name, after }) => ({ name, document: after?.bytes ?? null })) }
}
