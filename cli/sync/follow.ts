import type { Firestore } from '@google-cloud/firestore'
import { isTerminal, type JobRecord } from '#shared/jobs/job-record.ts'
import { withinTimeout } from '../within-timeout.ts'

/** An event begins a sync within seconds; after this somebody should know why nothing happens. */
const unclaimedPatienceMs = 10_000

/**
 * Follows a sync to its end.
 * @throws TransientError `forge.timeout` when it takes longer than `timeoutMs`; the signal's reason when aborted.
 */
export async function followSync(
  db: Firestore,
  params: {
    modelId: string
    jobId: string
    timeoutMs: number
    signal: AbortSignal
    /** It has changed, and not ended. */
    onChange: (job: JobRecord) => void
    /** Nobody has begun with it for some seconds. */
    onUnclaimed: () => void
  },
): Promise<JobRecord> {
  const { modelId, jobId, timeoutMs, signal, onUnclaimed } = params
  const { followJob } = await import('#shared/jobs/follow-job.ts')
  let isUnclaimed = true
  const patience = setTimeout(() => {
    if (isUnclaimed) onUnclaimed()
  }, unclaimedPatienceMs)
  const onChange = (job: JobRecord) => {
    isUnclaimed = job.claims === 0
    if (!isTerminal(job.state)) params.onChange(job)
  }
  try {
    const follow = (until: AbortSignal) => followJob(db, jobId, { signal: until, onChange })
    return await withinTimeout({ subject: modelId, timeoutMs, signal }, follow)
  } finally {
    clearTimeout(patience)
  }
}
