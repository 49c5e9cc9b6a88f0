import { createWakeQueue } from '#shared/jobs/create-wake-queue.ts'
import { createJobRequests } from '#shared/jobs/job-requests.ts'
import { openClients, openRunner } from '#shared/jobs/open-runner.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { createUrlSigner } from '#shared/objects/signed-urls.ts'
import type { ApiJobs } from './api-clients.ts'
import type { ApiInit } from './app.ts'
import { reconcile } from './training/reconcile.ts'
import { trainingStartJob } from './training/start-job.ts'
import type { StartWork } from './training/start-work.ts'

/** Opens Google's clients and wires the start of trainings to them; what works on photos is loaded for the first that comes so far. */
export async function openApiJobs(init: ApiInit): Promise<ApiJobs> {
  const { config, logger } = init
  const { WORK_BUCKET: workBucket, JOB_DEADLINE_MS: deadlineMs } = config
  const { db, storage, store } = await openClients(init)
  const streams = openObjectStreams(storage)
  init.onShutdown('streams', () => streams.close())
  const signer = createUrlSigner(storage)
  const startJobs = createJobRequests({ db, wakeQueue: createWakeQueue(config), deadlineMs })
  const finishQueue = createWakeQueue({ ...config, SERVICE_URL: config.REPLICATE_WEBHOOK_URL })
  const finishJobs = createJobRequests({ db, wakeQueue: finishQueue, deadlineMs })
  const syncQueue = createWakeQueue({ ...config, SERVICE_URL: config.MODEL_SYNC_URL })
  const cacheJobs = createJobRequests({ db, wakeQueue: syncQueue, deadlineMs })
  const mail = { collection: config.MAIL_COLLECTION, appUrl: config.APP_URL }

  let loading: Promise<StartWork> | null = null
  const loadWork = (): Promise<StartWork> => {
    loading ??= import('./training/start-work.ts').then(({ openStartWork }) =>
      openStartWork(init, { db, store, streams, signer, finishJobs, mail }),
    )
    return loading
  }
  const parts = { db, store, workBucket, finishJobs, mail, logger }
  const start = trainingStartJob({ ...parts, work: async (run) => await (await loadWork())(run) })
  const runner = openRunner(init, { db, definitions: [start] })

  return {
    clients: { db, storage, store, signer, startJobs, finishJobs, cacheJobs },
    loadWork,
    resume: (id) => runner.resume(id),
    reconcile: () => reconcile({ ...parts, jobs: runner, stuckAfterMs: config.STUCK_AFTER_MS, now: () => new Date() }),
  }
}
