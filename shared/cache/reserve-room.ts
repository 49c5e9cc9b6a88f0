import type { Timestamp } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { CacheDeps, CacheLimits } from './cache-deps.ts'
import { ensureLedger } from './count-bucket.ts'
import { evictFile, finishEvictions } from './evict-file.ts'
import { type CacheLedger, readLedgerIn, reservedBytes, stayingBytes, withoutJob, writeLedger } from './ledger.ts'
import type { EvictionPlan } from './plan-eviction.ts'
import { planRoom } from './plan-room.ts'

export interface RoomDeps extends CacheDeps {
  limits: CacheLimits
  logger: Logger
  now: () => Date
}

export interface RoomWish {
  jobId: string
  /** The most that it ever has in the bucket. */
  bytes: number
  /** What of it stays in the end. */
  stayingBytes: number
}

export type Room =
  | { kind: 'reserved' }
  /** What can't go and the need are more than the limit. */
  | { kind: 'never'; keptBytes: number }
  /** Somebody holds it: other copies, leases. The job stands on the list of those who wait, `since` then. */
  | { kind: 'later'; since: Date; freeAt: Date | null }

/** Each round lost means that somebody took the room that was made, or used a file that was to make it. */
const ROUNDS = 6

/**
 * Reserves room for all that a job will put into the bucket, before its first byte. Where the copies under way leave enough when
 * they end, it waits for them (`waitMs` at most); else files that were used least recently make room, but only where that
 * suffices. Called again it changes what the job has reserved, never to less.
 */
export async function reserveRoom(deps: RoomDeps, wish: RoomWish & { waitMs: number }): Promise<Room> {
  const { maxBytes, keepRecent } = deps.limits
  await ensureLedger(deps)
  for (let round = 1; ; round++) {
    const taken = await take(deps, wish, { isForced: false })
    if (taken.kind === 'reserved') return taken
    const isPatient = deps.now().getTime() - taken.since.getTime() < wish.waitMs
    if (isPatient && taken.storedBytes + taken.othersStayingBytes + wish.bytes <= maxBytes) {
      return { kind: 'later', since: taken.since, freeAt: null }
    }
    // Room that is being made already, or was when somebody died.
    if ((await finishEvictions(deps)) > 0 && round < ROUNDS) continue
    const freeBytes = taken.storedBytes + taken.othersBytes + wish.bytes - maxBytes
    const plan = await planRoom(deps.db, { freeBytes, keepRecent, now: deps.now() })
    const keptBytes = taken.trainedBytes + (plan.pinnedBytes ?? 0)
    if (plan.pinnedBytes !== null && keptBytes + wish.bytes > maxBytes) {
      return await refuse(deps, wish.jobId, keptBytes)
    }
    if (plan.freedBytes < freeBytes || round === ROUNDS) {
      return { kind: 'later', since: taken.since, freeAt: firstRelease(plan) }
    }
    await evictAll(deps, plan)
  }
}

/**
 * Reserves room for what may not be refused (a training that was paid for): what can go makes room, and where that does not
 * suffice the limit is passed, and the log says so.
 */
export async function forceRoom(deps: RoomDeps, wish: RoomWish): Promise<void> {
  await ensureLedger(deps)
  const taken = await take(deps, wish, { isForced: true })
  const { maxBytes, keepRecent } = deps.limits
  if (taken.kind === 'reserved' || maxBytes === 0) return
  await finishEvictions(deps)
  const freeBytes = taken.storedBytes + taken.othersBytes + wish.bytes - maxBytes
  const plan = await planRoom(deps.db, { freeBytes, keepRecent, now: deps.now() })
  await evictAll(deps, plan)
  const overBytes = freeBytes - plan.freedBytes
  if (overBytes <= 0) return
  deps.logger.warn('The models bucket goes over its limit for trained weights.', {
    code: 'cache.over-limit',
    overBytes,
  })
}

/**
 * Gives back what a job had reserved and takes it off the list of those who wait, once nothing of it lies in the bucket but what
 * was counted. May be repeated.
 * @returns jobs that wait for room, the oldest first: each may try again now.
 */
export async function releaseRoom(deps: Pick<CacheDeps, 'db' | 'bucket'>, jobId: string): Promise<string[]> {
  const { db, bucket } = deps
  return await runTransaction(db, async (transaction) => {
    const ledger = await readLedgerIn(transaction, db, bucket)
    if (ledger === null) return []
    const isListed = ledger.reserved[jobId] !== undefined || ledger.waiting[jobId] !== undefined
    const rest = withoutJob(ledger, jobId)
    if (isListed) writeLedger(db, bucket, rest)(transaction)
    return waitingJobs(rest)
  })
}

/** Jobs that wait for room, the oldest first. */
export function waitingJobs({ waiting }: Pick<CacheLedger, 'waiting'>): string[] {
  return Object.entries(waiting)
    .toSorted(([, a], [, b]) => a.sinceMs - b.sinceMs)
    .map(([jobId]) => jobId)
}

type Taken =
  | { kind: 'reserved' }
  | {
      kind: 'refused'
      since: Date
      storedBytes: number
      trainedBytes: number
      /** Reserved by others, and what of it will stay. */
      othersBytes: number
      othersStayingBytes: number
    }

async function take(deps: RoomDeps, wish: RoomWish, { isForced }: { isForced: boolean }): Promise<Taken> {
  const { db, bucket } = deps
  const { maxBytes } = deps.limits
  const { jobId, bytes } = wish
  return await runTransaction(db, async (transaction): Promise<Taken> => {
    const ledger = await readLedgerIn(transaction, db, bucket)
    // Made a moment ago, and nobody removes it.
    if (ledger === null) throw new Error('The ledger of the cache is gone.')
    // Whoever waits for more keeps its place in the line.
    if ((ledger.reserved[jobId] ?? 0) >= bytes) return { kind: 'reserved' }
    const { storedBytes, trainedBytes } = ledger
    const othersBytes = reservedBytes(ledger, jobId)
    const fits = maxBytes === 0 || storedBytes + othersBytes + bytes <= maxBytes
    if (fits || isForced) {
      const others = withoutJob(ledger, jobId)
      const reserved = { ...others.reserved, [jobId]: bytes }
      const staying = { ...others.staying, [jobId]: wish.stayingBytes }
      writeLedger(db, bucket, { ...others, reserved, staying })(transaction)
      if (fits) return { kind: 'reserved' }
    }
    const sinceMs = ledger.waiting[jobId]?.sinceMs ?? deps.now().getTime()
    const othersStayingBytes = stayingBytes(ledger, jobId)
    const since = new Date(sinceMs)
    // In the transaction that found no room: whoever gives some back from now on wakes it.
    const isNews = !isForced && ledger.waiting[jobId]?.bytes !== bytes
    if (isNews) {
      const waiting = { ...ledger.waiting, [jobId]: { sinceMs, bytes } }
      writeLedger(db, bucket, { ...ledger, waiting })(transaction)
    }
    return { kind: 'refused', since, storedBytes, trainedBytes, othersBytes, othersStayingBytes }
  })
}

async function refuse(deps: RoomDeps, jobId: string, keptBytes: number): Promise<Room> {
  const { db, bucket } = deps
  await runTransaction(db, async (transaction) => {
    const ledger = await readLedgerIn(transaction, db, bucket)
    if (ledger?.waiting[jobId] === undefined) return
    const { [jobId]: _wait, ...waiting } = ledger.waiting
    writeLedger(db, bucket, { ...ledger, waiting })(transaction)
  })
  return { kind: 'never', keptBytes }
}

async function evictAll(deps: RoomDeps, plan: EvictionPlan): Promise<void> {
  for (const file of plan.evict) await evictFile(deps, file)
}

/** When the first lease ends that stands in the way. */
function firstRelease({ keep }: EvictionPlan): Date | null {
  const ends = keep.flatMap(({ file, why }) => (why === 'leased' ? (file.leasedUntil ?? []) : []))
  const [first] = ends.toSorted((a: Timestamp, b: Timestamp) => a.toMillis() - b.toMillis())
  return first?.toDate() ?? null
}
