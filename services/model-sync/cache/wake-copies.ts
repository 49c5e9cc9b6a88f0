import type { Firestore } from '@google-cloud/firestore'
import { readLedger } from '#shared/cache/ledger.ts'
import { waitingJobs } from '#shared/cache/reserve-room.ts'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { Logger } from '#shared/logging/logger.ts'

interface WakeDeps {
  db: Firestore
  jobs: Pick<JobRequests, 'wake'>
}

/** Has jobs taken up that have not ended. */
export async function wakeJobs({ db, jobs }: WakeDeps, jobIds: readonly string[]): Promise<void> {
  for (const id of jobIds) {
    const job = toJobRecord(await jobRef(db, id).get())
    if (job && !isTerminal(job.state)) await jobs.wake({ id, fence: job.fence })
  }
}

/** Has every copy that waits for room look again, the one that waits longest first. Not the end of whoever asks: they look by themselves too. */
export async function wakeWaitingCopies(deps: WakeDeps & { bucket: string; logger: Logger }): Promise<void> {
  try {
    const ledger = await readLedger(deps.db, deps.bucket)
    if (ledger !== null) await wakeJobs(deps, waitingJobs(ledger))
  } catch (error) {
    deps.logger.warn('Copies that wait for room could not be woken; they look when their time comes.', { error })
  }
}
