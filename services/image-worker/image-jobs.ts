import { limitConcurrency } from '#shared/jobs/concurrency.ts'
import { openClients, openRunner } from '#shared/jobs/open-runner.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import type { ServiceJobs } from '#shared/server/lazy-jobs.ts'
import type { ImageWorkerInit } from './app.ts'
import type { ImageInput } from './image-input.ts'
import { type ImageWork, imageJob } from './image-job.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'

/** What the image worker does once its clients are there. */
export interface ImageJobs extends ServiceJobs {
  /** Makes the showcase of a picture, unless it was made already or is not wanted. */
  process(input: ImageInput): Promise<Outcome>
  reconcile(): Promise<ReconcileReport>
}

/** Opens Google's clients and wires the image job to them; what works on pixels is loaded for the first job that comes so far. */
export async function openImageJobs(init: ImageWorkerInit): Promise<ImageJobs> {
  const { config, logger } = init
  const { db, store } = await openClients(init)
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
  const runner = openRunner(init, { db, definitions: [limitConcurrency(definition, config.IMAGE_CONCURRENCY)] })

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
