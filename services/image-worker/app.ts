import type { Express } from 'express'
import { createApp } from '#shared/server/create-app.ts'
import { EVENT_BODY_LIMIT_BYTES, eventServiceRoutes } from '#shared/server/event-service.ts'
import { requireInternalCaller } from '#shared/server/internal-caller.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { imageInputOf } from './image-event.ts'
import type { ImageJobs } from './image-jobs.ts'

export type { ImageJobs } from './image-jobs.ts'
export type { CostLine, PriceTable, PurgePlan, ReconcileReport, ShowcaseRequest } from './operations/operations.ts'

export interface ImageWorkerInit extends ServiceContext<'image-worker'> {
  /** The segmentation thread's entry, beside the source or beside the bundle. */
  workerFile: URL
}

/**
 * The image worker's routes. Most events of the app's bucket are not for us, and an instance is often started by one of
 * those: they are answered without Google's clients, which take three times as long to load as all the rest.
 */
export function createImageWorker(init: ImageWorkerInit): Express {
  const { config, logger } = init
  let loading: Promise<ImageJobs> | null = null
  const loadJobs = (): Promise<ImageJobs> => {
    loading ??= import('./image-jobs.ts').then(({ openImageJobs }) => openImageJobs(init))
    return loading
  }
  init.afterFirstAnswer(async () => (await loadJobs()).loadWork())

  return createApp({
    logger,
    projectId: config.GOOGLE_CLOUD_PROJECT,
    bodyLimitBytes: EVENT_BODY_LIMIT_BYTES,
    routes: (app) =>
      eventServiceRoutes(app, {
        internalCaller: requireInternalCaller(config),
        async handleEvent(event) {
          const input = imageInputOf(event, config.STORAGE_BUCKET)
          if ('notOurs' in input) return { kind: 'not-ours', reason: input.notOurs }
          return await (await loadJobs()).process(input)
        },
        resumeJob: async (id) => (await loadJobs()).resume(id),
        reconcile: async () => (await loadJobs()).reconcile(),
      }),
  })
}

/** The service's jobs without its routes, for a worker that looks for work itself. */
export async function openJobs(init: Omit<ImageWorkerInit, 'afterFirstAnswer' | 'workerFile'>): Promise<ImageJobs> {
  const { openImageJobs } = await import('./image-jobs.ts')
  const workerFile = new URL('./providers/local/segmentation-worker.ts', import.meta.url)
  return await openImageJobs({ ...init, afterFirstAnswer: () => {}, workerFile })
}

/** What the command line does for this service, loaded when it is asked for. */
export function loadOperations() {
  return import('./operations/operations.ts')
}
