import type { Firestore, Transaction } from '@google-cloud/firestore'
import type { Logger } from '#shared/logging/logger.ts'
import { CanceledError } from './job-errors.ts'
import { isTerminal, type JobRecord, jobId, jobRef, toJobRecord } from './job-record.ts'
import type { JobRequests } from './job-requests.ts'
import { compareSlotOrder, slotHolder } from './slot.ts'

/** Why a job ends whose run slot a newer one has. */
export function superseded(): CanceledError {
  return new CanceledError({ code: 'job.superseded', message: 'A newer one has taken its place.' })
}

/** Whether another job has the run slot, read inside the transaction that writes the job. */
export async function isDisplaced(transaction: Transaction, db: Firestore, job: JobRecord): Promise<boolean> {
  if (job.slot === null) return false
  return (await slotHolder(transaction, db.doc(job.slot.path)))?.jobId !== jobId(job.key)
}

/** Whether a newer job has the run slot; for a job that ends, and may never have held it. */
export async function isOutdated(transaction: Transaction, db: Firestore, job: JobRecord): Promise<boolean> {
  if (job.slot === null) return false
  const holder = await slotHolder(transaction, db.doc(job.slot.path))
  return holder !== null && compareSlotOrder(holder.order, job.slot.order) > 0
}

/**
 * Has a job taken up that rests although a newer one has its run slot: its next claim ends it, and what it has asked others for
 * is no longer wanted. One at work learns of it at its next write.
 */
export async function wakeDisplaced(params: {
  db: Firestore
  jobs: Pick<JobRequests, 'wake'>
  id: string
  logger: Logger
}): Promise<void> {
  const { db, jobs, id, logger } = params
  try {
    const job = toJobRecord(await jobRef(db, id).get())
    if (job && job.lease === null && !isTerminal(job.state)) await jobs.wake({ id, fence: job.fence })
  } catch (error) {
    logger.warn('An older job that lost its place could not be woken; it ends when it looks next.', { error, id })
  }
}
