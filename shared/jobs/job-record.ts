import { createHash } from 'node:crypto'
import type { DocumentReference, DocumentSnapshot, Firestore, Timestamp } from '@google-cloud/firestore'
import type { SlotClaim } from './slot.ts'

/**
 * The words of this folder.
 *
 * - **job**: one piece of work, named by its natural key (what it is about, never which delivery asked for it).
 * - **claim**: taking the job for one instance: a **lease** (until when it is ours) and a **fence** (+1 a claim).
 * - **step**: a part of the work whose result is stored before the next part begins.
 * - **open call**: a paid call that was begun and whose answer is not stored; found by a later claim, or at an end, it was lost.
 * - **run slot**: one document a subject that says which job is the current one for it.
 */
export type JobState = 'queued' | 'running' | 'waiting' | 'done' | 'canceled' | 'failed'

export interface JobFailure {
  code: string
  message: string
  at: Timestamp
  /** From when on the same wish may be asked again, where the other side said so. */
  retryAt?: Timestamp
  /** What of it could be told where people look, whose document took no more: `status`, that it is over. Absent: all of it. */
  told?: 'status' | 'nothing'
}

export interface StepRecord {
  /** Small JSON; bytes lie in the work bucket and are named here. */
  result: unknown
  startedAt: Timestamp
  finishedAt: Timestamp
}

export interface OpenCall {
  step: string
  provider: string
  startedAt: Timestamp
}

/** `jobs/{id}`. Times are Firestore's, so that instances with wrong clocks agree. */
export interface JobRecord {
  key: string
  kind: string
  /** What the job is about, e.g. `characters/abc`: operators and the breaker look by it. */
  subject: string
  state: JobState
  /** All that a claim needs to run without the event that asked for the job. */
  input: unknown
  /** What the definition noted when it let the job begin; null until then. */
  admission: unknown
  /** The run slot that this job works under; null for jobs whose subject has none. */
  slot: SlotClaim | null
  lease: { owner: string; expiresAt: Timestamp } | null
  fence: number
  claims: number
  /** Failures and crashes since the last durable progress. */
  failures: number
  lastFailure: JobFailure | null
  /** The reason why the job ended badly; only in `failed` and `canceled`. */
  failure: JobFailure | null
  result: unknown
  steps: Record<string, StepRecord>
  openCall: OpenCall | null
  /** Calls whose answer never came, `{step: {provider: count}}`; each may have been paid. */
  lostCalls: Record<string, Record<string, number>>
  /** Sum of what providers said they took, in their own credits, by provider. */
  credits: Record<string, number>
  progress: unknown
  /** Not before this: a rate limit, early access. Only in `waiting`. */
  retryAt: Timestamp | null
  /** When somebody ought to look again if nobody has: lease end, retry time, or redelivery's longest silence. */
  dueAt: Timestamp | null
  createdAt: Timestamp
  /** Past this the job fails for good: it must end visibly before the event's retention does. */
  deadlineAt: Timestamp
  updatedAt: Timestamp
  finishedAt: Timestamp | null
  /** TTL field. */
  expireAt: Timestamp | null
}

const terminalStates: ReadonlySet<JobState> = new Set(['done', 'canceled', 'failed'])

export function isTerminal(state: JobState): boolean {
  return terminalStates.has(state)
}

/** The document id of a job: natural keys hold slashes and any character a person can type, ids must not. */
export function jobId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40)
}

export function jobRef(db: Firestore, id: string): DocumentReference {
  return db.collection('jobs').doc(id)
}

/** Reads a job; the cast is safe because only this folder writes the collection. */
export function toJobRecord(snapshot: DocumentSnapshot): JobRecord | null {
  return snapshot.exists ? (snapshot.data() as JobRecord) : null
}
