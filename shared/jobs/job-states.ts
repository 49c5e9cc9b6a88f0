import { Timestamp } from '@google-cloud/firestore'
import type { JobFailure, JobRecord } from './job-record.ts'

/** A finished job outlives its dead letters (7 days) by more than a week, so that a replay finds it done. */
const retentionMs = 30 * 86_400_000

/** Redelivery is silent for at most 600 s; a job still queued after that has lost its event. */
const queuedSilenceMs = 15 * 60_000

/** A task comes within seconds of its time; one that has not come by now is lost, or there is no queue. */
export const taskSilenceMs = 2 * 60_000

export function newRecord(params: {
  kind: string
  subject: string
  input: unknown
  key: string
  now: Timestamp
  deadlineMs: number
}): JobRecord {
  const { kind, subject, input, key, now } = params
  return {
    key,
    kind,
    subject,
    state: 'queued',
    input,
    admission: null,
    slot: null,
    lease: null,
    fence: 0,
    claims: 0,
    failures: 0,
    lastFailure: null,
    failure: null,
    result: null,
    steps: {},
    openCall: null,
    lostCalls: {},
    credits: {},
    progress: null,
    retryAt: null,
    dueAt: Timestamp.fromMillis(now.toMillis() + queuedSilenceMs),
    createdAt: now,
    deadlineAt: Timestamp.fromMillis(now.toMillis() + params.deadlineMs),
    updatedAt: now,
    finishedAt: null,
    expireAt: null,
  }
}

/**
 * The calls whose answers never came, one that is open among them: nobody who might still store its answer may write any more.
 */
export function lostCallsOf({
  openCall,
  lostCalls,
}: Pick<JobRecord, 'openCall' | 'lostCalls'>): JobRecord['lostCalls'] {
  if (openCall === null) return lostCalls
  const { step, provider } = openCall
  const lost = lostCalls[step] ?? {}
  return { ...lostCalls, [step]: { ...lost, [provider]: (lost[provider] ?? 0) + 1 } }
}

/** The record of a job that is over. */
export function endedRecord(
  job: JobRecord,
  end: { state: 'done' | 'failed' | 'canceled'; failure?: JobFailure; result?: unknown; now: Timestamp },
): JobRecord {
  return {
    ...job,
    state: end.state,
    failure: end.failure ?? null,
    result: end.result ?? null,
    lease: null,
    openCall: null,
    // Whoever looks for what it left, or has it go on, must not take the call for one that was never made.
    lostCalls: end.state === 'done' ? job.lostCalls : lostCallsOf(job),
    retryAt: null,
    dueAt: null,
    updatedAt: end.now,
    finishedAt: end.now,
    expireAt: Timestamp.fromMillis(end.now.toMillis() + retentionMs),
  }
}

/** The record of a job that is put down to be taken up again by a redelivery, a task or the reconciler. */
export function restingRecord(
  job: JobRecord,
  rest: { failure: JobFailure | null; retryAt: Timestamp | null; now: Timestamp },
): JobRecord {
  const { retryAt, now } = rest
  const dueMs = retryAt ? retryAt.toMillis() + taskSilenceMs : now.toMillis() + queuedSilenceMs
  return {
    ...job,
    state: rest.retryAt ? 'waiting' : 'queued',
    failures: job.failures + (rest.failure ? 1 : 0),
    lastFailure: rest.failure ?? job.lastFailure,
    lease: null,
    retryAt: rest.retryAt,
    dueAt: Timestamp.fromMillis(dueMs),
    updatedAt: rest.now,
  }
}
