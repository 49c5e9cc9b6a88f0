import type { Firestore } from '@google-cloud/firestore'
import { documentsError } from '#shared/documents/firestore.ts'
import type { JobRecord, JobState } from '#shared/jobs/job-record.ts'

export interface LiveJob {
  id: string
  job: JobRecord
  /** When it may be taken up. */
  dueAt: Date
  isLeased: boolean
}

const liveStates: JobState[] = ['queued', 'running', 'waiting']
/** More than this at once are left for the next look. */
const mostJobs = 500
/** A job that failed and was told no time: about what a subscription's redelivery would wait. */
const shortestBackoffMs = 5_000
const longestBackoffMs = 300_000

/** Every job of a kind that has not ended. Unlike a reconciler's query it also finds what is queued or woken only just now. */
export async function liveJobs(db: Firestore, kind: string): Promise<LiveJob[]> {
  try {
    // Equalities only: the single-field indexes serve it.
    const { docs } = await db
      .collection('jobs')
      .where('kind', '==', kind)
      .where('state', 'in', liveStates)
      .limit(mostJobs)
      .get()
    return docs.map((found) => {
      const job = found.data() as JobRecord // Only shared/jobs writes the collection.
      return { id: found.id, job, ...dueOf(job) }
    })
  } catch (error) {
    throw documentsError(error)
  }
}

/** When anybody may take a job up, by its record alone; the claim judges by Firestore's clock. */
export function dueOf(job: JobRecord): { dueAt: Date; isLeased: boolean } {
  if (job.lease) return { dueAt: job.lease.expiresAt.toDate(), isLeased: true }
  if (job.retryAt) return { dueAt: job.retryAt.toDate(), isLeased: false }
  const restedMs = job.updatedAt.toMillis()
  // Not admitted yet: it says itself when to look again.
  const isPutOff = job.claims === 0 && restedMs > job.createdAt.toMillis()
  if (isPutOff && job.dueAt) return { dueAt: job.dueAt.toDate(), isLeased: false }
  if (job.failures === 0) return { dueAt: job.createdAt.toDate(), isLeased: false }
  const backoffMs = Math.min(longestBackoffMs, shortestBackoffMs * 2 ** (job.failures - 1))
  return { dueAt: new Date(restedMs + backoffMs), isLeased: false }
}
