import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from './job-record.ts'

export type Reopened =
  | { kind: 'none' }
  /** It works, or waits for its time: it is only due now. */
  | { kind: 'live'; job: JobRecord }
  | { kind: 'done' }
  /** It had ended badly and goes on where it was: what its steps have stored is not done again. */
  | { kind: 'reopened'; job: JobRecord }

/** Has a job taken up again that failed for good or rests, because somebody has mended the cause: due now, its failures forgotten. */
export async function reopenJob(db: Firestore, id: string, params: { deadlineMs: number }): Promise<Reopened> {
  return await runTransaction(db, async (transaction): Promise<Reopened> => {
    const snapshot = await transaction.get(jobRef(db, id))
    const job = toJobRecord(snapshot)
    if (job === null) return { kind: 'none' }
    if (job.state === 'done') return { kind: 'done' }
    const now = snapshot.readTime
    const wasOver = isTerminal(job.state)
    const next: JobRecord = {
      ...job,
      dueAt: now,
      updatedAt: now,
      ...(job.lease ? {} : { state: 'queued', retryAt: null }),
      ...(wasOver
        ? {
            failures: 0,
            failure: null,
            finishedAt: null,
            expireAt: null,
            deadlineAt: Timestamp.fromMillis(now.toMillis() + params.deadlineMs),
          }
        : {}),
    }
    transaction.set(jobRef(db, id), next)
    return { kind: wasOver ? 'reopened' : 'live', job: next }
  })
}
