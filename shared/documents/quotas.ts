import { FieldValue, type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import * as z from 'zod'
import type { Writes } from './transaction.ts'
import { usageRef } from './usage.ts'

/**
 * The words of this file.
 *
 * - **reserve**: counted as used from the moment that a thing is begun, under a key of its own.
 * - **commit**: it came to its end and stays counted; **refund**: it did not, and no longer counts.
 * - All three are idempotent by the key: told twice, they count once.
 */
export type QuotaName = 'trainings' | 'generations'

/** What was begun within the window. */
interface QuotaEntry {
  amount: number
  at: Timestamp
  state: 'reserved' | 'committed'
}

/** Runs at the provider that were begun under a key and came to nothing: refunded, yet billed. */
interface FailedRuns {
  amount: number
  /** As that of its entry. */
  at: Timestamp
}

interface StorageReservation {
  bytes: number
  /** When what it was made for is removed anyway. */
  expireAt: Timestamp
  /** An operator's, who is not asked for room: neither now (no bytes) nor when the file is kept. */
  isExempt?: boolean | undefined
}

/** One user's quotas as `usage/{uid}` says them. */
export interface Usage {
  userId: string
  quotas: Record<QuotaName, Readonly<Record<string, QuotaEntry>>>
  failedRuns: Record<QuotaName, Readonly<Record<string, FailedRuns>>>
  storage: {
    usedBytes: number
    reserved: Readonly<Record<string, StorageReservation>>
    /** Model files of theirs that lie in the models bucket: bytes, by the key under which the upload of each was reserved. */
    kept: Readonly<Record<string, number>>
  }
}

export interface QuotaLimit {
  /** Within the window; 0 for any number. */
  most: number
  /** Between two of them. */
  cooldownMs: number
  /** Failed runs within the window, after which nothing more is begun; 0 for any number. */
  mostFailed?: number
}

export type QuotaRoom =
  | { kind: 'room' }
  /** `retryAt`: when there will be room; null where waiting alone does not make any. */
  | { kind: 'none'; reason: 'cooldown' | 'spent' | 'failed'; retryAt: Date | null }

/** Quotas count over the last 24 hours. */
export const quotaWindowMs = 86_400_000

const timestamp = z.instanceof(Timestamp)
const entries = z
  .record(
    z.string(),
    z
      .object({ amount: z.number(), at: timestamp, state: z.enum(['reserved', 'committed']) })
      .nullable()
      .catch(null),
  )
  .catch({})
const failures = z.record(z.string(), z.object({ amount: z.number(), at: timestamp }).nullable().catch(null)).catch({})
const usageSchema = z.object({
  quotas: z.object({ trainings: entries, generations: entries }).catch({ trainings: {}, generations: {} }),
  failedRuns: z.object({ trainings: failures, generations: failures }).catch({ trainings: {}, generations: {} }),
  storage: z
    .object({
      usedBytes: z.number().catch(0),
      reserved: z
        .record(
          z.string(),
          z.object({ bytes: z.number(), expireAt: timestamp, isExempt: z.boolean().optional() }).nullable().catch(null),
        )
        .catch({}),
      kept: z.record(z.string(), z.number().nullable().catch(null)).catch({}),
    })
    .catch({ usedBytes: 0, reserved: {}, kept: {} }),
})

/** Reads a user's quotas: inside a transaction to decide by, without one to show. */
export async function readUsage(transaction: Transaction | null, db: Firestore, userId: string): Promise<Usage> {
  const ref = usageRef(db, userId)
  const snapshot = await (transaction ? transaction.get(ref) : ref.get())
  const stored = usageSchema.parse({ quotas: {}, failedRuns: {}, storage: {}, ...snapshot.data() })
  const { quotas, failedRuns, storage } = stored
  return {
    userId,
    quotas: { trainings: known(quotas.trainings), generations: known(quotas.generations) },
    failedRuns: { trainings: known(failedRuns.trainings), generations: known(failedRuns.generations) },
    storage: { usedBytes: storage.usedBytes, reserved: known(storage.reserved), kept: known(storage.kept) },
  }
}

/** How much of a quota is used at `now`, reservations included. */
export function usedOf(usage: Usage, quota: QuotaName, now: Date): number {
  return sumOf(recent(usage.quotas[quota], now))
}

/** Whether a user may begin `amount` more; what is counted under `key` already needs no more room. */
export function roomFor(
  usage: Usage,
  wish: { quota: QuotaName; key: string; amount: number; limit: QuotaLimit; now: Date },
): QuotaRoom {
  const { quota, key, amount, limit, now } = wish
  if (usage.quotas[quota][key]) return { kind: 'room' }
  const counted = recent(usage.quotas[quota], now)
  const { mostFailed = 0 } = limit
  const failed = recent(usage.failedRuns[quota], now)
  if (mostFailed > 0 && sumOf(failed) >= mostFailed) {
    return { kind: 'none', reason: 'failed', retryAt: freeAt(failed, sumOf(failed) - mostFailed + 1) }
  }
  const newest = counted.at(-1)
  const freeAtMs = newest ? newest.at.toMillis() + limit.cooldownMs : 0
  if (freeAtMs > now.getTime()) return { kind: 'none', reason: 'cooldown', retryAt: new Date(freeAtMs) }
  if (limit.most === 0) return { kind: 'room' }
  const over = sumOf(counted) + amount - limit.most
  return over > 0 ? { kind: 'none', reason: 'spent', retryAt: freeAt(counted, over) } : { kind: 'room' }
}

/** Counts `amount` under `key`; what has left the window is forgotten on the way. */
export function reserveQuota(
  db: Firestore,
  usage: Usage,
  wish: { quota: QuotaName; key: string; amount: number; now: Date },
): Writes {
  const { quota, key, amount, now } = wish
  if (usage.quotas[quota][key]) return () => {}
  const kept = forgotten(usage.quotas[quota], now)
  kept[key] = { amount, at: Timestamp.fromDate(now), state: 'reserved' } satisfies QuotaEntry
  const change: Record<string, unknown> = { quotas: { [quota]: kept } }
  const old = forgotten(usage.failedRuns[quota], now)
  // An empty map would be written over what is there, merged or not.
  if (Object.keys(old).length > 0) change.failedRuns = { [quota]: old }
  return (writing) => writing.set(usageRef(db, usage.userId), change, { merge: true })
}

/**
 * Settles what was reserved under `key`; nothing happens where nothing is. `amount`: what came to its end, where that may be
 * less than was reserved; the rest is refunded. `failedRuns`: how many runs that were begun for it came to nothing.
 */
export function settleQuota(
  db: Firestore,
  usage: Usage,
  settled: { quota: QuotaName; key: string; as: 'committed' | 'refunded'; amount?: number; failedRuns?: number },
): Writes {
  const { quota, key, as, failedRuns = 0 } = settled
  const entry = usage.quotas[quota][key]
  if (!entry) return () => {}
  const amount = as === 'refunded' ? 0 : (settled.amount ?? entry.amount)
  const next = amount === 0 ? FieldValue.delete() : { ...entry, amount, state: 'committed' }
  const change: Record<string, unknown> = { quotas: { [quota]: { [key]: next } } }
  const failed: FailedRuns = { amount: failedRuns, at: entry.at }
  if (failedRuns > 0) change.failedRuns = { [quota]: { [key]: failed } }
  return (writing) => writing.set(usageRef(db, usage.userId), change, { merge: true })
}

/** What a user's files take at `now`, and what uploads that are still allowed may take. */
export function storedBytes(usage: Usage, now: Date): number {
  const { usedBytes, kept } = usage.storage
  const openBytes = openUploads(usage, now).reduce((sum, { bytes }) => sum + bytes, 0)
  return Object.values(kept).reduce((sum, bytes) => sum + bytes, usedBytes + openBytes)
}

/** Uploads that are still allowed at `now`, those first that end first. What is kept of one already counts as that, and not twice. */
export function openUploads({ storage }: Usage, now: Date): { bytes: number; expireAt: Date }[] {
  return Object.entries(storage.reserved)
    .filter(([key, { expireAt }]) => expireAt.toMillis() > now.getTime() && storage.kept[key] === undefined)
    .map(([, { bytes, expireAt }]) => ({ bytes, expireAt: expireAt.toDate() }))
    .toSorted((a, b) => a.expireAt.getTime() - b.expireAt.getTime())
}

/**
 * Whether a file that has come may be kept under `key`. What is still reserved for it was granted, and counts already; once that
 * has expired there has to be room anew. 0 `mostBytes`: any amount.
 */
export function hasRoomToKeep(
  usage: Usage,
  file: { key: string; bytes: number; mostBytes: number; now: Date },
): boolean {
  const { key, bytes, mostBytes, now } = file
  const { kept, reserved } = usage.storage
  const { [key]: own, ...others } = reserved
  if (mostBytes === 0 || kept[key] !== undefined || own?.isExempt === true) return true
  if (own !== undefined && own.bytes >= bytes && own.expireAt.toMillis() > now.getTime()) return true
  return storedBytes({ ...usage, storage: { ...usage.storage, reserved: others } }, now) + bytes <= mostBytes
}

/** Counts bytes that are about to come, until `expireAt`. */
export function reserveStorage(
  db: Firestore,
  usage: Usage,
  wish: { reservations: Readonly<Record<string, number>>; expireAt: Date; now: Date; isExempt?: boolean },
): Writes {
  const old = Object.entries(usage.storage.reserved).filter(([, one]) => one.expireAt.toMillis() <= wish.now.getTime())
  const reserved: Record<string, unknown> = Object.fromEntries(old.map(([key]) => [key, FieldValue.delete()]))
  const expireAt = Timestamp.fromDate(wish.expireAt)
  const exempt = wish.isExempt === true ? { isExempt: true } : {}
  for (const [key, bytes] of Object.entries(wish.reservations)) reserved[key] = { bytes, expireAt, ...exempt }
  return (writing) => writing.set(usageRef(db, usage.userId), { storage: { reserved } }, { merge: true })
}

/** Gives reservations back, and counts what stays of it (negative: what was removed). The caller makes sure that it is told once. */
export function settleStorage(
  db: Firestore,
  params: { userId: string; released: readonly string[]; addedBytes: number },
): Writes {
  const { userId, released, addedBytes } = params
  if (released.length === 0 && addedBytes === 0) return () => {}
  const reserved = Object.fromEntries(released.map((key) => [key, FieldValue.delete()]))
  const storage = { usedBytes: FieldValue.increment(addedBytes), ...(released.length > 0 ? { reserved } : {}) }
  return (writing) => writing.set(usageRef(db, userId), { storage }, { merge: true })
}

/** Counts the bytes of a file as long as it is kept under `key`, or (null) no longer: told twice, they count once. */
export function keepStorage(db: Firestore, params: { userId: string; key: string; bytes: number | null }): Writes {
  const { userId, key, bytes } = params
  const kept = { [key]: bytes ?? FieldValue.delete() }
  return (writing) => writing.set(usageRef(db, userId), { storage: { kept } }, { merge: true })
}

/** The oldest first. */
function recent<T extends FailedRuns>(entries: Readonly<Record<string, T>>, now: Date): T[] {
  return Object.values(entries)
    .filter((entry) => isRecent(entry, now))
    .sort((a, b) => a.at.toMillis() - b.at.toMillis())
}

function sumOf(entries: readonly FailedRuns[]): number {
  return entries.reduce((sum, { amount }) => sum + amount, 0)
}

/** When so much of them, the oldest first, has left the window; null where all of them are not enough. */
function freeAt(entries: readonly FailedRuns[], amount: number): Date | null {
  let left = amount
  for (const entry of entries) {
    left -= entry.amount
    if (left <= 0) return new Date(entry.at.toMillis() + quotaWindowMs)
  }
  return null
}

/** What has left the window, to be removed. */
function forgotten(entries: Readonly<Record<string, FailedRuns>>, now: Date): Record<string, unknown> {
  const old = Object.entries(entries).filter(([, entry]) => !isRecent(entry, now))
  return Object.fromEntries(old.map(([key]) => [key, FieldValue.delete()]))
}

function isRecent({ at }: FailedRuns, now: Date): boolean {
  return now.getTime() - at.toMillis() < quotaWindowMs
}

function known<T>(entries: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, T] => entry[1] !== null))
}
