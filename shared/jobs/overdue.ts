import type { Firestore } from '@google-cloud/firestore'
import { Timestamp } from '@google-cloud/firestore'
import type { JobRecord } from './job-record.ts'

/**
 * Jobs of one kind that somebody ought to have taken up by now: an expired lease, a missed retry time, a lost event.
 * Needs the composite index `jobs(kind, dueAt)`.
 */
export async function overdueJobs(
  db: Firestore,
  params: { kind: string; now: Date; limit: number },
): Promise<{ id: string; job: JobRecord }[]> {
  const page = await db
    .collection('jobs')
    .where('kind', '==', params.kind)
    .where('dueAt', '<=', Timestamp.fromDate(params.now))
    .orderBy('dueAt')
    .limit(params.limit)
    .get()
  return page.docs.map((document) => ({ id: document.id, job: document.data() as JobRecord }))
}
