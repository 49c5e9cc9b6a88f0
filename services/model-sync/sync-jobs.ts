import { forgetModel } from '#shared/cache/forget-model.ts'
import { readModel } from '#shared/documents/models.ts'
import { modelSlotPath } from '#shared/documents/sync-progress.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { limitConcurrency } from '#shared/jobs/concurrency.ts'
import { openClients, openRunner } from '#shared/jobs/open-runner.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import { slotHolder } from '#shared/jobs/slot.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { refreshRegistration } from '#shared/registry/registration/refresh-registration.ts'
import type { ServiceJobs } from '#shared/server/lazy-jobs.ts'
import type { ModelSyncInit } from './app.ts'
import { cacheCleanJob, cacheVerifyJob } from './cache/cache-jobs.ts'
import { copyJob } from './copy-job.ts'
import type { ModelChange } from './model-change.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'
import type { SyncInput } from './sync-input.ts'
import { syncJob } from './sync-job.ts'
import type { SyncWork } from './sync-work.ts'

/** What model sync does once its clients are there. */
export interface SyncJobs extends ServiceJobs {
  /** Syncs a model, unless it was done already or is not wanted. */
  sync(input: SyncInput): Promise<Outcome>
  /** Does what a change of a model means beside its sync. May be repeated. */
  follow(change: ModelChange): Promise<void>
  /** Ends the sync of a model that no longer asks for one. */
  withdraw(modelId: string): Promise<Outcome>
  reconcile(): Promise<ReconcileReport>
}

/** Opens Google's clients and wires the two jobs to them; what speaks to the sources is loaded for the first job that comes so far. */
export async function openSyncJobs(init: ModelSyncInit): Promise<SyncJobs> {
  const { config, logger } = init
  const bucket = config.MODELS_STORAGE_BUCKET
  const { db, storage, store } = await openClients(init)
  let loading: Promise<SyncWork> | null = null
  const loadWork = (): Promise<SyncWork> => {
    loading ??= import('./sync-work.ts').then(({ openSyncWork }) =>
      openSyncWork(init, { db, store, streams: openObjectStreams(storage), jobs: runner }),
    )
    return loading
  }
  const sync = syncJob({
    db,
    jobsPerHour: config.JOBS_PER_HOUR,
    work: async (run) => (await loadWork()).sync(run),
  })
  const copy = copyJob({
    db,
    store,
    bucket,
    jobs: { wake: (job) => runner.wake(job) },
    work: async (run) => (await loadWork()).copy(run),
  })
  const clean = cacheCleanJob(async (run) => (await loadWork()).clean(run))
  const verify = cacheVerifyJob(async (run) => (await loadWork()).verify(run))
  const definitions = [sync, limitConcurrency(copy, config.SYNC_CONCURRENCY), clean, limitConcurrency(verify, 1)]
  const runner: JobRunner = openRunner(init, { db, definitions })

  /** The job that still works for a model which no longer asks for it; judged by the document as it is now. */
  const unwantedJob = (modelId: string): Promise<string | null> =>
    runTransaction(db, async (transaction) => {
      const model = await readModel(transaction, db, modelId)
      if (model?.syncStatus === 'syncing') return null
      return (await slotHolder(transaction, db.doc(modelSlotPath(modelId))))?.jobId ?? null
    })

  return {
    loadWork,
    sync: (input) => runner.handle(sync, input),
    async follow({ kind, modelId }) {
      try {
        if (kind === 'file-left') await forgetModel(db, modelId)
        else await refreshRegistration(db, modelId)
      } catch (error) {
        // Delivered again it would be refused again.
        if (!(error instanceof FinalError)) throw error
        logger.warn('A change of a model could not be followed.', { modelId, kind, error })
      }
    },
    async withdraw(modelId) {
      const jobId = await unwantedJob(modelId)
      if (jobId === null) return { kind: 'not-ours', reason: 'No sync of this model is under way.' }
      return await runner.cancel(jobId, { code: 'sync.withdrawn', message: 'The sync was canceled in the app.' })
    },
    resume: (id) => runner.resume(id),
    reconcile: () =>
      reconcile({
        db,
        store,
        bucket,
        jobs: runner,
        stuckAfterMs: config.STUCK_AFTER_MS,
        logger,
        now: () => new Date(),
      }),
  }
}
