import type { Express } from 'express'
import { createEventService } from '#shared/server/event-service.ts'
import type { JobsContext } from '#shared/server/lazy-jobs.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { imageInputOf } from './image-event.ts'
import type { ImageJobs } from './image-jobs.ts'

export type { ImageJobs } from './image-jobs.ts'
export type { CostLine, PriceTable, PurgePlan, ReconcileReport, ShowcaseRequest } from './operations/operations.ts'

export interface ImageWorkerInit extends JobsContext<'image-worker'> {
  /** The segmentation thread's entry, beside the source or beside the bundle. */
  workerFile: URL
}

/** The image worker's routes. Most events of the app's bucket are not for us, and an instance is often started by one of those. */
export function createImageWorker(init: ImageWorkerInit & ServiceContext<'image-worker'>): Express {
  return createEventService(init, {
    openJobs: () => openImageJobs(init),
    async handleEvent(event, loadJobs) {
      const input = imageInputOf(event, init.config.STORAGE_BUCKET)
      if ('notOurs' in input) return { kind: 'not-ours', reason: input.notOurs }
      return await (await loadJobs()).process(input)
    },
  })
}

/** The service's jobs without its routes, for a worker that looks for work itself. */
export async function openJobs(init: JobsContext<'image-worker'>): Promise<ImageJobs> {
  const workerFile = new URL('./providers/local/segmentation-worker.ts', import.meta.url)
  return await openImageJobs({ ...init, workerFile })
}

async function openImageJobs(init: ImageWorkerInit): Promise<ImageJobs> {
  const jobs = await import('./image-jobs.ts')
  return await jobs.openImageJobs(init)
}

/** What the command line does for this service, loaded when it is asked for. */
export function loadOperations() {
  return import('./operations/operations.ts')
}
