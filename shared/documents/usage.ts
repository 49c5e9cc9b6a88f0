import { createHash } from 'node:crypto'
import type { DocumentReference, Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import * as z from 'zod'
import type { Writes } from './transaction.ts'

/** What a user has begun (or had copied, in bytes) on one day; `day` is UTC, as `2026-01-31`. */
const dayCountSchema = z.object({ day: z.string(), count: z.number() }).nullable().catch(null)

export type DailyUse =
  /** There is room: `writes` counts what was asked for. */
  { kind: 'within'; writes: Writes } | { kind: 'spent'; nextDay: Date }

/** What Firestore takes as a document's id; `meta.userId` is the app's text and may be anything. */
const plainId = /^(?!\.{1,2}$)(?!__.*__$)[^/]{1,128}$/

/** `usage/{uid}`: counts and quotas of one user. */
export function usageRef(db: Firestore, userId: string): DocumentReference {
  const id = plainId.test(userId) ? userId : `sha256-${createHash('sha256').update(userId).digest('hex')}`
  return db.collection('usage').doc(id)
}

/**
 * Whether a user may have `amount` (one) more of `counter` on the day of `now` (Firestore's read time: instances with wrong
 * clocks agree). Read and counted in one transaction, so that any number of them at once keeps to `most` exactly.
 */
export async function countDailyUse(
  transaction: Transaction,
  db: Firestore,
  use: { userId: string; counter: string; amount?: number; most: number; now: Timestamp },
): Promise<DailyUse> {
  const ref = usageRef(db, use.userId)
  const stored = dayCountSchema.parse((await transaction.get(ref)).get(`daily.${use.counter}`) ?? null)
  const day = use.now.toDate().toISOString().slice(0, 10)
  const count = stored?.day === day ? stored.count : 0
  const total = count + (use.amount ?? 1)
  if (total > use.most) return { kind: 'spent', nextDay: new Date(Date.parse(day) + 86_400_000) }
  const next = { daily: { [use.counter]: { day, count: total } } }
  return { kind: 'within', writes: (writing) => writing.set(ref, next, { merge: true }) }
}
