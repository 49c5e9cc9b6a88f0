import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { documentsError, isAlreadyThere } from '#shared/documents/firestore.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import type { JobDefinition } from './definition.ts'
import { jobId, jobRef } from './job-record.ts'
import { newRecord, taskSilenceMs } from './job-states.ts'
import type { WakeQueue } from './wake.ts'

/** What names a job of one kind: enough to ask for it. */
export type JobNames<Input> = Pick<JobDefinition<Input>, 'kind' | 'key' | 'subject'>

/** Asks for jobs: the runner does so, and so does whoever only has the books and a queue (the command line). */
export interface JobRequests {
  /** Puts a job into the books, unless it is there already, and has it taken up. */
  enqueue<Input>(names: JobNames<Input>, input: Input): Promise<unknown>
  /** Has a job of the books taken up again. */
  wake(job: { id: string; fence: number }): Promise<unknown>
}

/** A job to be put into the books by somebody's transaction, with what asks for it. The transaction fails where it is there already. */
export function newJob<Input>(
  db: Firestore,
  params: { names: JobNames<Input>; input: Input; deadlineMs: number; now: Timestamp; dueAt: Timestamp },
): { id: string; writes: Writes } {
  const { names, input, now, deadlineMs, dueAt } = params
  const key = names.key(input)
  const id = jobId(key)
  const record = newRecord({ kind: names.kind, subject: names.subject(input), input, key, now, deadlineMs })
  return { id, writes: (transaction) => transaction.create(jobRef(db, id), { ...record, dueAt }) }
}

/** Puts a job into the books; the same job asked for twice is one. `isDueNow`: the reconciler need not wait for a task first. */
export async function recordJob<Input>(
  db: Firestore,
  params: { names: JobNames<Input>; input: Input; deadlineMs: number; isDueNow?: boolean },
): Promise<{ id: string }> {
  const { names, input, deadlineMs, isDueNow = false } = params
  const key = names.key(input)
  const id = jobId(key)
  const subject = names.subject(input)
  try {
    const snapshot = await jobRef(db, id).get()
    if (snapshot.exists) return { id }
    // Firestore's time and not ours: a claim judges by that whether the job is too late.
    const now = snapshot.readTime
    const record = newRecord({ kind: names.kind, subject, input, key, now, deadlineMs })
    // No event stands behind it that would be delivered again: only the task that is made next.
    const dueAt = isDueNow ? now : Timestamp.fromMillis(now.toMillis() + taskSilenceMs)
    await jobRef(db, id).create({ ...record, dueAt })
  } catch (error) {
    if (!isAlreadyThere(error)) throw documentsError(error)
  }
  return { id }
}

/**
 * Asks for jobs from outside the service that does them: by its task queue, or, where there is none, by making them due
 * at once for its reconciler.
 */
export function createJobRequests(params: {
  db: Firestore
  wakeQueue: WakeQueue | null
  deadlineMs: number
}): JobRequests {
  const { db, wakeQueue, deadlineMs } = params
  const wake = async (job: { id: string; fence: number }) => {
    await wakeQueue?.wake({ jobId: job.id, fence: job.fence, at: new Date() })
  }
  return {
    wake,
    async enqueue(names, input) {
      const { id } = await recordJob(db, { names, input, deadlineMs, isDueNow: wakeQueue === null })
      await wake({ id, fence: 0 })
    },
  }
}
