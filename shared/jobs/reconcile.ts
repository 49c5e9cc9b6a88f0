import type { Firestore, Timestamp } from '@google-cloud/firestore'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from './job-record.ts'
import type { JobNames, JobRequests } from './job-requests.ts'
import { liveHolder } from './live-job.ts'
import { overdueJobs } from './overdue.ts'

/** One call of a reconciler is one bounded page of each thing it looks for: Cloud Scheduler comes again. */
export const reconcilePageSize = 100
/** Temporaries of a job that no longer has a record; longer than any job lives. */
const orphanAfterMs = 7 * 86_400_000
const leftoverObjects = 2_000

/** Wakes jobs that somebody ought to have taken up: an expired lease, a missed retry, a lost event. Returns how many. */
export async function wakeOverdue(params: {
  db: Firestore
  jobs: JobRequests
  kinds: readonly string[]
  now: Date
}): Promise<number> {
  const { db, jobs, kinds, now } = params
  let woken = 0
  for (const kind of kinds) {
    const overdue = await overdueJobs(db, { kind, now, limit: reconcilePageSize })
    for (const { id, job } of overdue) await jobs.wake({ id, fence: job.fence })
    woken += overdue.length
  }
  return woken
}

/**
 * Starts a job for whatever has said "working" for long while nobody is at work: its event was lost, or a run died before its
 * job was written. Returns how many.
 */
export async function startForgotten<Subject extends { updatedAt: Timestamp }, Input>(params: {
  db: Firestore
  jobs: JobRequests
  /** Everything that says so. */
  working: AsyncIterable<Subject>
  names: JobNames<Input>
  slotPathOf(subject: Subject): string
  inputOf(subject: Subject): Input
  /** How long it may say so before somebody looks. */
  stuckAfterMs: number
  now: Date
}): Promise<number> {
  const { db, jobs, names, now } = params
  let started = 0
  for await (const subject of params.working) {
    if (now.getTime() - subject.updatedAt.toMillis() < params.stuckAfterMs) continue
    // A live job is found by its own due time, or is still at work.
    if ((await liveHolder(db, params.slotPathOf(subject))) !== null) continue
    await jobs.enqueue(names, params.inputOf(subject))
    started += 1
    if (started === reconcilePageSize) break
  }
  return started
}

/** Removes what lies below `work/{job}/` of jobs of these kinds that have ended, or are no longer in the books. Returns how many. */
export async function removeLeftovers(params: {
  db: Firestore
  store: ObjectStore
  bucket: string
  kinds: readonly string[]
  /** Age of a temporary before somebody looks at it. */
  stuckAfterMs: number
  now: Date
  /** `job` is null where the record itself is gone. */
  remove(jobId: string, job: JobRecord | null): Promise<void>
}): Promise<number> {
  const { db, store, bucket, kinds, stuckAfterMs, remove } = params
  const nowMs = params.now.getTime()
  const oldest = new Map<string, ObjectFacts>()
  let seen = 0
  for await (const object of store.list(bucket, 'work/')) {
    const jobId = object.name.split('/')[1]
    if (jobId && nowMs - object.timeCreated.getTime() > stuckAfterMs) oldest.set(jobId, object)
    seen += 1
    if (seen >= leftoverObjects) break
  }
  let cleaned = 0
  for (const [jobId, object] of oldest) {
    const job = toJobRecord(await jobRef(db, jobId).get())
    const isOrphan = job === null && nowMs - object.timeCreated.getTime() > orphanAfterMs
    const isOver = job !== null && kinds.includes(job.kind) && isTerminal(job.state)
    if (!isOrphan && !isOver) continue
    await remove(jobId, job)
    cleaned += 1
  }
  return cleaned
}
