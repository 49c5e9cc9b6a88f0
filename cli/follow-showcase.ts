import type { Firestore } from '@google-cloud/firestore'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { withinTimeout } from './within-timeout.ts'

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
  const { characterId, jobId, timeoutMs, signal, onStatus } = params
  const [{ characterRef }, { followJob }] = await Promise.all([
    import('#shared/documents/characters.ts'),
    import('#shared/jobs/follow-job.ts'),
  ])
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
    const follow = (until: AbortSignal) => followJob(db, jobId, { signal: until })
    return await withinTimeout({ subject: characterId, timeoutMs, signal }, follow)
  } finally {
    stop()
  }
}
