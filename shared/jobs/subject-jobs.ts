import type { Firestore } from '@google-cloud/firestore'
import type { JobRecord } from './job-record.ts'

/** Every job that was ever about a subject and is still in the books. */
export async function jobsOfSubject(db: Firestore, subject: string): Promise<{ id: string; job: JobRecord }[]> {
  const { docs } = await db.collection('jobs').where('subject', '==', subject).get()
  return docs.map((found) => ({ id: found.id, job: found.data() as JobRecord }))
}
