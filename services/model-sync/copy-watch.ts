import type { Firestore } from '@google-cloud/firestore'
import { readModelFile } from '#shared/documents/model-files.ts'
import type { SyncProgress } from '#shared/documents/sync-progress.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { repeatWhileHeld } from '#shared/jobs/repeat-while-held.ts'
import type { CopyInput } from './copy-input.ts'

export interface CopyWatch {
  /** Looks now. @throws CanceledError `copy.unwanted` when nobody waits any more. */
  look(): Promise<void>
  stop(): Promise<void>
}

/** Looks that may fail in a row: contention and a slow database are no reason to stop a copy. */
const failuresBorne = 5

/**
 * Looks at the list of waiters while a copy goes on: tells each of them how far it is, and ends the copy (`onEnd`) when
 * the last has gone. One write a look, never more often than `everyMs`.
 */
export function watchCopy(params: {
  db: Firestore
  run: JobRun<CopyInput>
  progress: () => SyncProgress | null
  everyMs: number
  onEnd: (reason: unknown) => void
}): CopyWatch {
  const { db, run, everyMs, onEnd } = params
  const lookAndTell = async (progress: SyncProgress | null) => {
    await run.commit(async (transaction) => {
      const { fileId, round } = run.input
      const file = await readModelFile(transaction, db, fileId)
      if (file.round !== round || file.waiters.length === 0) {
        throw new CanceledError({ code: 'copy.unwanted', message: 'Nobody waits for this file any more.' })
      }
      return (writing) => {
        if (progress === null) return
        for (const { jobId } of file.waiters) writing.update(jobRef(db, jobId), { progress })
      }
    })
  }
  const look = async () => {
    const progress = params.progress()
    run.report(progress)
    try {
      await lookAndTell(progress)
    } catch (error) {
      if (!(error instanceof FinalError) || error instanceof CanceledError) throw error
      // One of those who wait cannot take it (its record has no room, or is gone): that ends nobody's copy. What becomes of the
      // bytes does not depend on it, unlike a status that a document refuses.
      run.logger.warn('Those who wait for a copy could not be told how far it is.', { error })
      await lookAndTell(null)
    }
  }
  const looking = repeatWhileHeld({ work: look, everyMs, failuresBorne, onEnd })
  return { look, stop: () => looking.stop() }
}
