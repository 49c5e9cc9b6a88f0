import type { Firestore } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'
import { type EndForm, recordIn, writeSomehow } from './end-forms.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from './job-record.ts'
import { endedRecord } from './job-states.ts'

/** Ends a job as canceled. Returns null where there is none, or where it has ended already. */
export async function cancelJob(
  db: Firestore,
  id: string,
  reason: { code: string; message: string },
): Promise<JobRecord | null> {
  const cancelIn = async (form: EndForm) =>
    await runTransaction(db, async (transaction) => {
      const snapshot = await transaction.get(jobRef(db, id))
      const job = toJobRecord(snapshot)
      if (!job || isTerminal(job.state)) return null
      const now = snapshot.readTime
      const canceled = endedRecord(job, { state: 'canceled', failure: { ...reason, at: now }, now })
      transaction.set(jobRef(db, id), recordIn(form, canceled))
      return canceled
    })
  return (await writeSomehow(cancelIn)).written
}
