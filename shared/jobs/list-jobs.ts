import type { Firestore, Query } from '@google-cloud/firestore'
import type { JobRecord, JobState } from './job-record.ts'

/** Jobs of a kind, a state, both or neither, the newest change first. Needs the composite indexes of `jobs` that end in updatedAt. */
export async function listJobs(
  db: Firestore,
  wish: { kind: string | null; state: JobState | null; limit: number },
): Promise<{ id: string; job: JobRecord }[]> {
  let query: Query = db.collection('jobs')
  if (wish.kind !== null) query = query.where('kind', '==', wish.kind)
  if (wish.state !== null) query = query.where('state', '==', wish.state)
  const { docs } = await query.orderBy('updatedAt', 'desc').limit(wish.limit).get()
  return docs.map((found) => ({ id: found.id, job: found.data() as JobRecord })) // Only this folder writes the collection.
}
