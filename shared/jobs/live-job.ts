import type { Firestore } from '@google-cloud/firestore'
import { isTerminal, jobRef, toJobRecord } from './job-record.ts'

/** The id of the job that holds a run slot, unless that has ended; null where nobody is at work, or will be. */
export async function liveHolder(db: Firestore, slotPath: string): Promise<string | null> {
  const holder: unknown = (await db.doc(slotPath).get()).get('jobId')
  if (typeof holder !== 'string') return null
  const job = toJobRecord(await jobRef(db, holder).get())
  return job === null || isTerminal(job.state) ? null : holder
}

/** Whether a job is in the books and has ended, in whatever way. */
export async function hasEnded(db: Firestore, id: string): Promise<boolean> {
  const job = toJobRecord(await jobRef(db, id).get())
  return job !== null && isTerminal(job.state)
}
