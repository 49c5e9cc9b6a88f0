import type { Firestore } from '@google-cloud/firestore'
import { readModelFile } from '#shared/documents/model-files.ts'
import { CanceledError, LeaseLostError } from '#shared/jobs/job-errors.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { CopyInput } from './copy-input.ts'

/** `jobs/{id}.progress` of a copy, and of every sync that waits for it. */
export interface SyncProgress {
  phase: 'copying' | 'verifying' | 'publishing'
  doneBytes: number
  /** Null while nobody knows. */
  sizeBytes: number | null
  bytesPerSecond: number
  etaSeconds: number | null
  lanes: number
}

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
  const { db, run, onEnd } = params
  let pending: Promise<void> | null = null
  let failed = 0

  const look = async () => {
    const progress = params.progress()
    run.report(progress)
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
  const lookInPassing = async () => {
    try {
      await look()
      failed = 0
    } catch (error) {
      failed += 1
      const isOver = error instanceof CanceledError || error instanceof LeaseLostError
      if (isOver || failed > failuresBorne) {
        clearInterval(timer)
        onEnd(error)
      }
    } finally {
      pending = null
    }
  }
  const timer = setInterval(() => {
    pending ??= lookInPassing()
  }, params.everyMs)
  timer.unref()
  return {
    look,
    async stop() {
      clearInterval(timer)
      await pending
    },
  }
}
