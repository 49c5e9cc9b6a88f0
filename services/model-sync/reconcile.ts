import type { Firestore } from '@google-cloud/firestore'
import { cacheCleanNames, cacheVerifyNames } from '#shared/cache/cache-jobs.ts'
import { modelSlotPath } from '#shared/documents/sync-progress.ts'
import { modelsToRetry, syncingModels, wishForSync } from '#shared/documents/sync-wishes.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { reconcilePageSize, removeLeftovers, startForgotten, wakeOverdue } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { type TidiedCache, tidyCache } from './cache/tidy-cache.ts'
import { copyInputSchema, copyJobNames } from './copy-input.ts'
import { cleanUpCopy, removeCopyWork } from './copy-job.ts'
import { syncInputOf, syncJobNames } from './sync-input.ts'

export interface ReconcileDeps {
  db: Firestore
  store: ObjectStore
  jobs: JobRequests
  bucket: string
  /** How long a model may say "syncing", and parts may lie, before somebody looks. */
  stuckAfterMs: number
  logger: Logger
  now: () => Date
}

export interface ReconcileReport extends TidiedCache {
  /** Jobs that were overdue: an expired lease, a missed retry, a lost event. */
  wokenJobs: number
  /** Models that waited for a job that nobody had. */
  startedModels: number
  /** Models whose source said when to ask again. */
  retriedModels: number
  /** Copies whose parts were left behind. */
  cleanedJobs: number
}

/** Finds what events missed (DESIGN §2.7) and only wakes it or ends it. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const { db, store, bucket, jobs, stuckAfterMs } = deps
  const kinds = [syncJobNames, copyJobNames, cacheCleanNames, cacheVerifyNames].map(({ kind }) => kind)
  const wokenJobs = await wakeOverdue({ db, jobs, kinds, now: deps.now() })
  const startedModels = await startForgotten({
    db,
    jobs,
    working: syncingModels(db),
    names: syncJobNames,
    slotPathOf: (model) => modelSlotPath(model.id),
    inputOf: (model) => syncInputOf(model.id, model.updatedAt),
    stuckAfterMs,
    now: deps.now(),
  })
  const retriedModels = await retryDue(deps)
  const cleanedJobs = await removeLeftovers({
    db,
    store,
    bucket,
    kinds: [copyJobNames.kind],
    stuckAfterMs,
    now: deps.now(),
    remove: (jobId, job) => {
      const input = readableInput(copyInputSchema, job)
      // The job's own clean-up, which its instance did not live to do or to end.
      return input ? cleanUpCopy(deps, input, jobId) : removeCopyWork(store, { bucket, jobId })
    },
  })
  const report = { wokenJobs, startedModels, retriedModels, cleanedJobs, ...(await tidyCache(deps)) }
  deps.logger.info('Reconciled.', report)
  return report
}

/** Asks again in the model's name; the write's own event begins the sync, or the next round finds it forgotten. */
async function retryDue(deps: ReconcileDeps): Promise<number> {
  let retried = 0
  for (const model of await modelsToRetry(deps.db, { now: deps.now(), limit: reconcilePageSize })) {
    if (model.syncStatus !== 'notsynced') continue
    const askedAt = await wishForSync(deps.db, model)
    if (askedAt === null) continue
    await deps.jobs.enqueue(syncJobNames, syncInputOf(model.id, askedAt))
    retried += 1
  }
  return retried
}
