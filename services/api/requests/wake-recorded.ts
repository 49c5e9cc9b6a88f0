import type { Firestore } from '@google-cloud/firestore'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { Logger } from '#shared/logging/logger.ts'

/**
 * Asks for a job that is in the books already. A queue that does not answer must not fail a request whose work is recorded:
 * the reconciler asks for the job then.
 */
export async function wakeRecorded(
  jobs: JobRequests,
  job: { id: string; fence: number },
  logger: Logger,
): Promise<void> {
  await orReconciler(job.id, logger, () => jobs.wake(job))
}

/** Asks for a job again, if there is one that goes on. */
export async function wakeIfLive(
  parts: { db: Firestore; jobs: JobRequests; logger: Logger },
  id: string,
): Promise<void> {
  const { db, jobs, logger } = parts
  await orReconciler(id, logger, async () => {
    const job = toJobRecord(await jobRef(db, id).get())
    if (job !== null && !isTerminal(job.state)) await jobs.wake({ id, fence: job.fence })
  })
}

async function orReconciler(jobId: string, logger: Logger, wake: () => Promise<unknown>): Promise<void> {
  try {
    await wake()
  } catch (error) {
    logger.warn('A job was recorded but could not be woken; the reconciler will.', { jobId, error })
  }
}
