import type { Firestore } from '@google-cloud/firestore'
import { characterRef } from '#shared/documents/characters.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { followJob } from '#shared/jobs/follow-job.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'

/**
 * Follows a job to its end, and meanwhile the status that people see.
 * @throws TransientError `forge.timeout` when it takes longer than `timeoutMs`; the signal's reason when aborted.
 */
export async function followShowcase(
  db: Firestore,
  params: {
    characterId: string
    jobId: string
    timeoutMs: number
    signal: AbortSignal
    onStatus: (status: string) => void
  },
): Promise<JobRecord> {
  const { characterId, jobId, timeoutMs, onStatus } = params
  const timeout = new AbortController()
  const timer = setTimeout(() => {
    timeout.abort(
      new TransientError({
        code: 'forge.timeout',
        message: `${characterId} was not finished within ${timeoutMs / 1000} s. Its job goes on, or waits for a worker; call again to follow it.`,
      }),
    )
  }, timeoutMs)
  let shown: unknown = null
  const stop = characterRef(db, characterId).onSnapshot(
    (snapshot) => {
      const status: unknown = snapshot.get('visuals.showcaseProcessingStatus')
      if (status !== shown && typeof status === 'string') onStatus(status)
      shown = status
    },
    () => {}, // The job says how it ended; the status is for show.
  )
  try {
    return await followJob(db, jobId, { signal: AbortSignal.any([params.signal, timeout.signal]) })
  } finally {
    clearTimeout(timer)
    stop()
  }
}
