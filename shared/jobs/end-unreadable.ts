import type { Firestore } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from './job-record.ts'
import { endedRecord } from './job-states.ts'

/**
 * Ends a job whose input this version cannot read, once its deadline has passed: until then another version may yet do it (the
 * newer one, after a roll-back). Nobody is told, for only the input says who waits; whoever does is found by their status.
 * @returns null where it is too early, or it is over.
 */
export async function endUnreadable(db: Firestore, id: string): Promise<JobRecord | null> {
  return await runTransaction(db, async (transaction) => {
    const snapshot = await transaction.get(jobRef(db, id))
    const now = snapshot.readTime
    const job = toJobRecord(snapshot)
    if (!job || isTerminal(job.state) || now.toMillis() <= job.deadlineAt.toMillis()) return null
    if (job.lease && job.lease.expiresAt.toMillis() > now.toMillis()) return null
    const message = 'What the job was to do could not be read for a day: it is of another version.'
    const failure = { code: 'job.unreadable', message, at: now, told: 'nothing' } as const
    const ended = endedRecord(job, { state: 'failed', failure, now })
    transaction.set(jobRef(db, id), ended)
    return ended
  })
}
