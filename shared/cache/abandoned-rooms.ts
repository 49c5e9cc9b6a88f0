import { isTerminal, type JobRecord, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { CacheDeps } from './cache-deps.ts'
import { readLedger } from './ledger.ts'

/** Jobs that have ended, or are no longer in the books (`job` is null), and still hold room or wait for it. */
export async function abandonedRooms({
  db,
  bucket,
}: Pick<CacheDeps, 'db' | 'bucket'>): Promise<{ jobId: string; job: JobRecord | null }[]> {
  const ledger = await readLedger(db, bucket)
  if (ledger === null) return []
  const jobIds = [...new Set([...Object.keys(ledger.reserved), ...Object.keys(ledger.waiting)])]
  const found = await Promise.all(
    jobIds.map(async (jobId) => ({ jobId, job: toJobRecord(await jobRef(db, jobId).get()) })),
  )
  return found.filter(({ job }) => job === null || isTerminal(job.state))
}
