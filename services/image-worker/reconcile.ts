import type { Firestore } from '@google-cloud/firestore'
import { type Character, workingCharacters } from '#shared/documents/characters.ts'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { reconcilePageSize, removeLeftovers, wakeOverdue } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
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

/** Finds what events missed (DESIGN §2.7) and only wakes it or ends it. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const { db, store, jobs, workBucket: bucket } = deps
  const kinds = [imageJobNames.kind]
  const wokenJobs = await wakeOverdue({ db, jobs, kinds, now: deps.now() })
  const startedCharacters = await startForgotten(deps)
  const cleanedJobs = await removeLeftovers({
    db,
    store,
    bucket,
    kinds,
    stuckAfterMs: deps.stuckAfterMs,
    now: deps.now(),
    remove: (jobId) => removeWork(store, { bucket, jobId }),
  })
  const report = { wokenJobs, startedCharacters, cleanedJobs }
  deps.logger.info('Reconciled.', report)
  return report
}

async function startForgotten(deps: ReconcileDeps): Promise<number> {
  let started = 0
  let after: string | null = null
  do {
    const page: Character[] = await workingCharacters(deps.db, { limit: reconcilePageSize, after })
    for (const character of page) if (await startIfForgotten(deps, character)) started += 1
    after = page.length === reconcilePageSize ? (page.at(-1)?.id ?? null) : null
  } while (after !== null && started < reconcilePageSize)
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
