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
  try {
    await jobs.wake(job)
  } catch (error) {
    logger.warn('A job was recorded but could not be woken; the reconciler will.', { jobId: job.id, error })
  }
}

/** Asks for a job again, if there is one that goes on. */
export async function wakeIfLive(
  parts: { db: Firestore; jobs: JobRequests; logger: Logger },
  id: string,
): Promise<void> {
  const job = toJobRecord(await jobRef(parts.db, id).get())
  if (job !== null && !isTerminal(job.state)) await wakeRecorded(parts.jobs, { id, fence: job.fence }, parts.logger)
}
