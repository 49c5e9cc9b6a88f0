import type { Firestore } from '@google-cloud/firestore'
import { TransientError } from '#shared/errors/app-error.ts'
import { followJob } from '#shared/jobs/follow-job.ts'
import { isTerminal, type JobRecord } from '#shared/jobs/job-record.ts'

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
  const { modelId, jobId, timeoutMs, onUnclaimed } = params
  const timeout = new AbortController()
  const timer = setTimeout(() => {
    timeout.abort(
      new TransientError({
        code: 'forge.timeout',
        message: `${modelId} was not synced within ${timeoutMs / 1000} s. Its job goes on, or waits for a worker; call again to follow it.`,
      }),
    )
  }, timeoutMs)
  let isUnclaimed = true
  const patience = setTimeout(() => {
    if (isUnclaimed) onUnclaimed()
  }, unclaimedPatienceMs)
  try {
    return await followJob(db, jobId, {
      signal: AbortSignal.any([params.signal, timeout.signal]),
      onChange(job) {
        isUnclaimed = job.claims === 0
        if (!isTerminal(job.state)) params.onChange(job)
      },
    })
  } finally {
    clearTimeout(timer)
    clearTimeout(patience)
  }
}
