import type { Express } from 'express'
import { createFirestore } from '#shared/documents/firestore.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { serviceAccountKey } from '#shared/secrets/service-account-key.ts'
import { createApp } from '#shared/server/create-app.ts'
import { EVENT_BODY_LIMIT_BYTES, eventServiceRoutes } from '#shared/server/event-service.ts'
import { requireInternalCaller } from '#shared/server/internal-caller.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { limitConcurrency } from './concurrency.ts'
import { handleEvent } from './handle-event.ts'
import { imageJob } from './image-job.ts'
import { createProviders } from './providers/create-providers.ts'
import { reconcile } from './reconcile.ts'

export interface ImageWorkerInit extends ServiceContext<'image-worker'> {
  /** The segmentation thread's entry, beside the source or beside the bundle. */
  workerFile: URL
}

/** Where result URLs lead when the operator names no host. */
const resultHosts = {
  token: 'https://firebasestorage.googleapis.com',
  public: 'https://storage.googleapis.com',
} as const

/** Wires the image worker from its configuration. */
export async function createImageWorker(init: ImageWorkerInit): Promise<Express> {
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
    rules: { noDocumentMs: config.NO_DOCUMENT_MS, jobsPerHour: config.JOBS_PER_HOUR },
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

  return createApp({
    logger,
    projectId,
    bodyLimitBytes: EVENT_BODY_LIMIT_BYTES,
    routes: (app) =>
      eventServiceRoutes(app, {
        internalCaller: requireInternalCaller(config),
        handleEvent: (event) => handleEvent({ runner, definition, bucket: config.STORAGE_BUCKET }, event),
        resumeJob: (id) => runner.resume(id),
        reconcile: () =>
          reconcile({
            db,
            store,
            runner,
            definition,
            workBucket: config.WORK_BUCKET,
            stuckAfterMs: config.STUCK_AFTER_MS,
            logger,
            now: () => new Date(),
          }),
      }),
  })
}
