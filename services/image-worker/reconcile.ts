import type { Firestore } from '@google-cloud/firestore'
import { type Character, workingCharacters } from '#shared/documents/characters.ts'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { overdueJobs } from '#shared/jobs/overdue.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import { imageJobNames, mainImageInput } from './image-input.ts'
import { removeWork } from './image-job.ts'

export interface ReconcileDeps {
  db: Firestore
  store: ObjectStore
  jobs: JobRequests
  workBucket: string
  /** How long a status may say "working", and temporaries may lie, before somebody looks. */
  stuckAfterMs: number
  logger: Logger
  now: () => Date
}

export interface ReconcileReport {
  /** Jobs that were overdue: an expired lease, a missed retry, a lost event. */
  wokenJobs: number
  /** Characters that waited for a job that nobody had. */
  startedCharacters: number
  /** Jobs whose temporaries were left behind. */
  cleanedJobs: number
}

/** One call is one bounded page of each: Cloud Scheduler comes again. */
const pageSize = 100
/** Temporaries of a job that no longer has a record; longer than any job lives. */
const orphanAfterMs = 7 * 86_400_000
const leftoverObjects = 2_000

/** Finds what events missed (DESIGN §2.7) and only wakes it or ends it. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const wokenJobs = await wakeOverdue(deps)
  const startedCharacters = await startForgotten(deps)
  const cleanedJobs = await removeLeftovers(deps)
  const report = { wokenJobs, startedCharacters, cleanedJobs }
  deps.logger.info('Reconciled.', report)
  return report
}

async function wakeOverdue(deps: ReconcileDeps): Promise<number> {
  const overdue = await overdueJobs(deps.db, { kind: imageJobNames.kind, now: deps.now(), limit: pageSize })
  for (const { id, job } of overdue) await deps.jobs.wake({ id, fence: job.fence })
  return overdue.length
}

async function startForgotten(deps: ReconcileDeps): Promise<number> {
  let started = 0
  let after: string | null = null
  do {
    const page: Character[] = await workingCharacters(deps.db, { limit: pageSize, after })
    for (const character of page) if (await startIfForgotten(deps, character)) started += 1
    after = page.length === pageSize ? (page.at(-1)?.id ?? null) : null
  } while (after !== null && started < pageSize)
  return started
}

/** The old way in sets only the status; and a run that died before its job was written leaves only a status, too. */
async function startIfForgotten(deps: ReconcileDeps, character: Character): Promise<boolean> {
  const silentMs = deps.now().getTime() - character.updatedAt.toMillis()
  if (silentMs < deps.stuckAfterMs) return false
  const slot = await deps.db.doc(`showcase_runs/${character.id}`).get()
  const holder: unknown = slot.get('jobId')
  const job = typeof holder === 'string' ? toJobRecord(await jobRef(deps.db, holder).get()) : null
  // A live job is found by its own due time, or is still at work.
  if (job && !isTerminal(job.state)) return false
  await deps.jobs.enqueue(imageJobNames, mainImageInput(character, character.updatedAt))
  return true
}

async function removeLeftovers(deps: ReconcileDeps): Promise<number> {
  const nowMs = deps.now().getTime()
  const oldest = new Map<string, ObjectFacts>()
  let seen = 0
  for await (const object of deps.store.list(deps.workBucket, 'work/')) {
    const jobId = object.name.split('/')[1]
    if (jobId && nowMs - object.timeCreated.getTime() > deps.stuckAfterMs) oldest.set(jobId, object)
    seen += 1
    if (seen >= leftoverObjects) break
  }
  let cleaned = 0
  for (const [jobId, object] of oldest) {
    const job = toJobRecord(await jobRef(deps.db, jobId).get())
    const isOrphan = job === null && nowMs - object.timeCreated.getTime() > orphanAfterMs
    const isOver = job !== null && job.kind === imageJobNames.kind && isTerminal(job.state)
    if (!isOrphan && !isOver) continue
    await removeWork(deps.store, { bucket: deps.workBucket, jobId })
    cleaned += 1
  }
  return cleaned
}
