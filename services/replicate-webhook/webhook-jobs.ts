import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import { createJobRequests, type JobRequests, recordJob } from '#shared/jobs/job-requests.ts'
import { openClients, openRunner } from '#shared/jobs/open-runner.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import type { ServiceJobs } from '#shared/server/lazy-jobs.ts'
import type { ReplicateWebhookInit } from './app.ts'
import { lostRunJob, runCancelJob } from './cancel/unattended-jobs.ts'
import { createNoteProgress } from './deliveries/note-progress.ts'
import { type Delivery, type DeliveryReport, recordDelivery } from './deliveries/record-delivery.ts'
import { trainingFinishJob } from './finish/finish-job.ts'
import { generationJob } from './generation/generation-job.ts'
import { type ReconcileReport, reconcile } from './reconcile.ts'
import type { WebhookWork } from './webhook-work.ts'

/** What replicate-webhook does once its clients are there. */
export interface WebhookJobs extends ServiceJobs {
  /** Takes a webhook whose signature was found right: recorded, and its job asked to look. */
  take(delivery: Delivery): Promise<DeliveryReport>
  reconcile(): Promise<ReconcileReport>
}

/** Opens Google's clients and wires the jobs to them; what speaks to Replicate is loaded for the first job that comes so far. */
export async function openWebhookJobs(init: ReplicateWebhookInit): Promise<WebhookJobs> {
  const { config, logger } = init
  const { db, storage, store } = await openClients(init)
  const now = () => new Date()
  const jobs: JobRequests = {
    enqueue: (names, input) => runner.enqueue(names, input),
    wake: (job) => runner.wake(job),
  }
  let loading: Promise<WebhookWork> | null = null
  const loadWork = (): Promise<WebhookWork> => {
    loading ??= import('./webhook-work.ts').then(({ openWebhookWork }) =>
      openWebhookWork(init, { db, store, streams: openObjectStreams(storage), jobs, now }),
    )
    return loading
  }
  const finishing = {
    db,
    store,
    jobs,
    logger,
    appBucket: config.STORAGE_BUCKET,
    modelsBucket: config.MODELS_STORAGE_BUCKET,
    workBucket: config.WORK_BUCKET,
    mail: { collection: config.MAIL_COLLECTION, appUrl: config.APP_URL },
    deadlineMs: config.JOB_DEADLINE_MS,
  }
  const finish = trainingFinishJob({ ...finishing, work: async (run) => (await loadWork()).finish(run) })
  const generation = generationJob({
    db,
    store,
    jobs,
    bucket: config.STORAGE_BUCKET,
    work: async (run) => (await loadWork()).generate(run),
  })
  const cancel = runCancelJob({ work: async (run) => (await loadWork()).cancel(run) })
  const cancelLost = lostRunJob({ work: async (run) => (await loadWork()).cancelLost(run) })
  const runner: JobRunner = openRunner(init, { db, definitions: [finish, generation, cancel, cancelLost] })
  const prompt = promptRequests(init, { db, runner })
  const noteProgress = createNoteProgress({ db, logger, now })

  return {
    loadWork,
    take: (delivery) => recordDelivery({ db, jobs: prompt, noteProgress, logger, now }, delivery),
    resume: (id) => runner.resume(id),
    reconcile: () => reconcile({ ...finishing, generations: generation, stuckAfterMs: config.STUCK_AFTER_MS, now }),
  }
}

/**
 * Asks for jobs and never works on them: whoever asks has an answer to send within moments. Without a task queue the work
 * begins beside that answer, where nobody waits for it.
 */
function promptRequests(
  init: ReplicateWebhookInit,
  parts: { db: Parameters<typeof recordJob>[0]; runner: JobRunner },
): JobRequests {
  const { config, logger } = init
  const { db, runner } = parts
  const deadlineMs = config.JOB_DEADLINE_MS
  const wakeQueue = createWakeQueue(config)
  if (wakeQueue !== null) return createJobRequests({ db, wakeQueue, deadlineMs })
  const resumeBeside = (id: string) =>
    void setImmediate(() => {
      runner
        .resume(id)
        .catch((error: unknown) => logger.warn('A job that was asked for could not be begun.', { error }))
    })
  return {
    wake: async ({ id }) => resumeBeside(id),
    async enqueue(names, input) {
      resumeBeside((await recordJob(db, { names, input, deadlineMs })).id)
    },
  }
}
