import type { Firestore } from '@google-cloud/firestore'
import { workingCharacters } from '#shared/documents/characters.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { removeLeftovers, startForgotten, wakeOverdue } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { characterSlotPath, imageJobNames, mainImageInput } from './image-input.ts'
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
  const { db, store, jobs, workBucket: bucket, stuckAfterMs } = deps
  const kinds = [imageJobNames.kind]
  const wokenJobs = await wakeOverdue({ db, jobs, kinds, now: deps.now() })
  const startedCharacters = await startForgotten({
    db,
    jobs,
    // The old way in sets only the status.
    working: workingCharacters(db),
    names: imageJobNames,
    slotPathOf: (character) => characterSlotPath(character.id),
    inputOf: (character) => mainImageInput(character, character.updatedAt),
    stuckAfterMs,
    now: deps.now(),
  })
  const cleanedJobs = await removeLeftovers({
    db,
    store,
    bucket,
    kinds,
    stuckAfterMs,
    now: deps.now(),
    remove: (jobId) => removeWork(store, { bucket, jobId }),
  })
  const report = { wokenJobs, startedCharacters, cleanedJobs }
  deps.logger.info('Reconciled.', report)
  return report
}
