import { createFirestore } from '#shared/documents/firestore.ts'
import { readModel } from '#shared/documents/models.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { limitConcurrency } from '#shared/jobs/concurrency.ts'
import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { slotHolder } from '#shared/jobs/slot.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { serviceAccountKey } from '#shared/secrets/service-account-key.ts'
import type { ModelSyncInit } from './app.ts'
import { copyJob } from './copy-job.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'
import { modelSlotPath, type SyncInput } from './sync-input.ts'
import { syncJob } from './sync-job.ts'
import type { SyncWork } from './sync-work.ts'

/** What model sync does once its clients are there. */
export interface SyncJobs {
  /** Syncs a model, unless it was done already or is not wanted. */
  sync(input: SyncInput): Promise<Outcome>
  /** Ends the sync of a model that no longer asks for one. */
  withdraw(modelId: string): Promise<Outcome>
  resume(jobId: string): Promise<Outcome>
  reconcile(): Promise<ReconcileReport>
  /** Loads what the first copy needs. */
  loadWork(): Promise<unknown>
}

/** Opens Google's clients and wires the two jobs to them; what speaks to the sources is loaded for the first job that comes so far. */
export async function openSyncJobs(init: ModelSyncInit): Promise<SyncJobs> {
  const { config, logger } = init
  const credentials = await serviceAccountKey(config.FIREBASE_SERVICE_ACCOUNT_KEY)
  const projectId = config.GOOGLE_CLOUD_PROJECT
  const bucket = config.MODELS_STORAGE_BUCKET
  const db = createFirestore({ projectId, databaseId: config.FIRESTORE_DATABASE, credentials })
  const storage = createStorage({ projectId, credentials })
  const store = new ObjectStore(storage)
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
  const runner: JobRunner = new JobRunner({
    db,
    definitions: [sync, limitConcurrency(copy, config.SYNC_CONCURRENCY)],
    wakeQueue: createWakeQueue(config),
    limits: {
      leaseMs: config.LEASE_MS,
      maxFailures: config.MAX_FAILURES,
      deadlineMs: config.JOB_DEADLINE_MS,
      workBudgetMs: config.WORK_BUDGET_MS,
    },
    logger,
    shutdown: init.shutdown,
  })
  init.onShutdown('database', () => db.terminate())

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
