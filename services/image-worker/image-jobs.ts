import { createFirestore } from '#shared/documents/firestore.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { serviceAccountKey } from '#shared/secrets/service-account-key.ts'
import type { ImageWorkerInit } from './app.ts'
import { limitConcurrency } from './concurrency.ts'
import type { ImageInput } from './image-input.ts'
import { imageJob } from './image-job.ts'
import { createProviders } from './providers/create-providers.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'

/** What the image worker does once its clients are there. */
export interface ImageJobs {
  /** Makes the showcase of a picture, unless it was made already or is not wanted. */
  process(input: ImageInput): Promise<Outcome>
  resume(jobId: string): Promise<Outcome>
  reconcile(): Promise<ReconcileReport>
}

/** Where result URLs lead when the operator names no host. */
const resultHosts = {
  token: 'https://firebasestorage.googleapis.com',
  public: 'https://storage.googleapis.com',
} as const

/** Opens the clients and providers that the configuration names, and wires the image job to them. */
export async function openImageJobs(init: ImageWorkerInit): Promise<ImageJobs> {
  const { config, logger } = init
  const credentials = await serviceAccountKey(config.FIREBASE_SERVICE_ACCOUNT_KEY)
  const projectId = config.GOOGLE_CLOUD_PROJECT
  const db = createFirestore({ projectId, databaseId: config.FIRESTORE_DATABASE, credentials })
  const store = new ObjectStore(createStorage({ projectId, credentials }))
  const web = createHttpClient({ guard: createAddressGuard({ allowHosts: config.FETCH_ALLOW_HOSTS }) })
  const providers = createProviders({ config, workerFile: init.workerFile })
  const definition = imageJob({
    db,
    store,
    web,
    bucket: config.STORAGE_BUCKET,
    workBucket: config.WORK_BUCKET,
    resultUrl: {
      kind: config.RESULT_URL,
      host: config.PUBLIC_URL_HOST ?? config.STORAGE_EMULATOR_HOST ?? resultHosts[config.RESULT_URL],
    },
    maxBytes: config.MAX_UPLOAD_BYTES,
    limits: { maxPixels: config.MAX_INPUT_PIXELS, maxSide: config.UPSCALE_MAX_SIDE },
    upscale: { factor: config.UPSCALE_FACTOR, maxSide: config.UPSCALE_MAX_SIDE },
    backgroundProviders: providers.background,
    upscaleProviders: providers.upscale,
    rules: {
      noDocumentMs: config.NO_DOCUMENT_MS,
      jobsPerHour: config.JOBS_PER_HOUR,
      imagesPerDay: config.IMAGES_PER_DAY,
    },
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
  init.onShutdown('outgoing connections', () => web.close())
  init.onShutdown('providers', () => providers.close())

  return {
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
