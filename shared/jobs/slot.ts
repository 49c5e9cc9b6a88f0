import type { DocumentReference, Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import type { Writes } from '#shared/documents/transaction.ts'

/** Which of two jobs for one subject is the newer: by time, then by generation (both as Cloud Storage says them). */
export interface SlotOrder {
  /** Names the thing itself (bucket/object): two generations of one object are ordered by generation alone. */
  name: string
  timeMs: number
  /** Decimal, may exceed 2^53. */
  generation: string
}

export interface SlotClaim {
  /** Path of the slot document, e.g. `showcase_runs/{characterId}`. */
  path: string
  order: SlotOrder
  /** The breaker: more jobs than this an hour for one subject are a loop, not a wish. */
  jobsPerHour: number
}

/** `showcase_runs/{characterId}` and its like: the current job of a subject. */
interface SlotRecord {
  jobId: string
  order: SlotOrder
  /** When jobs of this subject first took the slot, within the last hour. */
  starts: Timestamp[]
}

export type SlotDecision =
  /** `displaced`: the older job that held it until now. */
  | { kind: 'ours'; writes: Writes; displaced: string | null }
  | { kind: 'superseded'; byJobId: string }
  | { kind: 'tripped'; retryAt: Date }

const hourMs = 3_600_000

/** Negative when `a` is older than `b`. */
export function compareSlotOrder(a: SlotOrder, b: SlotOrder): number {
  if (a.name !== b.name && a.timeMs !== b.timeMs) return a.timeMs - b.timeMs
  const difference = BigInt(a.generation) - BigInt(b.generation)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Reads the slot inside the claim's transaction and says whether `jobId` may have it. */
export async function decideSlot(
  transaction: Transaction,
  db: Firestore,
  params: { jobId: string; claim: SlotClaim; now: Timestamp },
): Promise<SlotDecision> {
  const { claim, now } = params
  const ref = db.doc(claim.path)
  const record = (await transaction.get(ref)).data() as SlotRecord | undefined
  const other = record && record.jobId !== params.jobId ? record : null
  const precedence = other ? compareSlotOrder(other.order, claim.order) : 0
  if (other && precedence > 0) return { kind: 'superseded', byJobId: other.jobId }
  const recent = (record?.starts ?? []).filter((start) => now.toMillis() - start.toMillis() < hourMs)
  const first = record?.jobId !== params.jobId
  const oldest = recent[0]
  if (first && oldest && recent.length >= claim.jobsPerHour) {
    return { kind: 'tripped', retryAt: new Date(oldest.toMillis() + hourMs) }
  }
  const next: SlotRecord = {
    jobId: params.jobId,
    order: claim.order,
    starts: first ? [...recent, now] : recent,
  }
  return { kind: 'ours', writes: (tx) => tx.set(ref, next), displaced: other && precedence < 0 ? other.jobId : null }
}

/** The slot's current holder, read inside a transaction or (null) to show it; null where no job ever took it. */
export async function slotHolder(
  transaction: Transaction | null,
  ref: DocumentReference,
): Promise<{ jobId: string; order: SlotOrder } | null> {
  const record = (await (transaction ? transaction.get(ref) : ref.get())).data() as SlotRecord | undefined
  return record ? { jobId: record.jobId, order: record.order } : null
}
