import type { Firestore } from '@google-cloud/firestore'
import { documentsError } from '#shared/documents/firestore.ts'
import { CanceledError } from './job-errors.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from './job-record.ts'

/**
 * Listens to a job until it has ended. `onChange` gets every state of it that is seen.
 * @throws CanceledError `job.removed` when the record is removed meanwhile, the signal's reason when that is aborted.
 */
export async function followJob(
  db: Firestore,
  id: string,
  options: { signal?: AbortSignal; onChange?: (job: JobRecord) => void } = {},
): Promise<JobRecord> {
  const { signal, onChange } = options
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<JobRecord>()
  const stop = jobRef(db, id).onSnapshot(
    (snapshot) => {
      const job = toJobRecord(snapshot)
      if (!job) {
        reject(new CanceledError({ code: 'job.removed', message: 'The job is no longer in the books.' }))
        return
      }
      onChange?.(job)
      if (isTerminal(job.state)) resolve(job)
    },
    (error) => reject(documentsError(error)),
  )
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    signal?.removeEventListener('abort', abort)
    stop()
  }
}
