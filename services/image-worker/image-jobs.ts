import { createFirestore } from '#shared/documents/firestore.ts'
import { limitConcurrency } from '#shared/jobs/concurrency.ts'
import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { serviceAccountKey } from '#shared/secrets/service-account-key.ts'
import type { ImageWorkerInit } from './app.ts'
import type { ImageInput } from './image-input.ts'
import { type ImageWork, imageJob } from './image-job.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'

/** What the image worker does once its clients are there. */
export interface ImageJobs {
  /** Makes the showcase of a picture, unless it was made already or is not wanted. */
  process(input: ImageInput): Promise<Outcome>
  resume(jobId: string): Promise<Outcome>
  reconcile(): Promise<ReconcileReport>
  /** Loads what the first picture needs. @throws what is wrong with the providers' configuration. */
  loadWork(): Promise<unknown>
}

/** Opens Google's clients and wires the image job to them; what works on pixels is loaded for the first job that comes so far. */
export async function openImageJobs(init: ImageWorkerInit): Promise<ImageJobs> {
  const { config, logger } = init
  const credentials = await serviceAccountKey(config.FIREBASE_SERVICE_ACCOUNT_KEY)
  const projectId = config.GOOGLE_CLOUD_PROJECT
  const db = createFirestore({ projectId, databaseId: config.FIRESTORE_DATABASE, credentials })
  const store = new ObjectStore(createStorage({ projectId, credentials }))
  let loading: Promise<ImageWork> | null = null
  const loadWork = (): Promise<ImageWork> => {
    loading ??= import('./image-work.ts').then(({ openImageWork }) => openImageWork(init, { db, store }))
    return loading
  }
  const definition = imageJob({
    db,
    store,
    workBucket: config.WORK_BUCKET,
    rules: {
      noDocumentMs: config.NO_DOCUMENT_MS,
      jobsPerHour: config.JOBS_PER_HOUR,
      imagesPerDay: config.IMAGES_PER_DAY,
    },
    work: async (run) => (await loadWork())(run),
  })
  const runner = new JobRunner({
    db,
    definitions: [limitConcurrency(definition, config.IMAGE_CONCURRENCY)],
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

  return {
    loadWork,
    process: (input) => runner.handle(definition, input),
    resume: (id) => runner.resume(id),
    reconcile: () =>
      reconcile({
        db,
        store,
        jobs: runner,
        workBucket: config.WORK_BUCKET,
        stuckAfterMs: config.STUCK_AFTER_MS,
        logger,
        now: () => new Date(),
      }),
  }
}
