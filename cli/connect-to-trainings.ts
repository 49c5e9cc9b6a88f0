import type { loadOperations } from '../services/api/app.ts'
import { openDocuments, prepareEnvironment } from './connect.ts'

type Operations = Awaited<ReturnType<typeof loadOperations>>
type PurgeDeps = Parameters<Operations['planTrainingPurge']>[0]
/** What `purge training` would remove. */
export type TrainingPurgePlan = Awaited<ReturnType<Operations['planTrainingPurge']>>

/**
 * Connects with the variables of the api; jobs are asked of replicate-webhook, through its queue where there is one.
 * @throws ConfigError with everything that is missing.
 */
export async function connectToTrainings(options: {
  local: boolean
}): Promise<{ deps: PurgeDeps; close(): Promise<void> }> {
  await prepareEnvironment(options)
  const { loadConfig } = await import('#shared/config/load.ts')
  const config = loadConfig('api', process.env)
  const [{ db, projectId, credentials }, { createStorage }, { ObjectStore }, { createWakeQueue }, jobRequests] =
    await Promise.all([
      openDocuments(config),
      import('#shared/objects/storage.ts'),
      import('#shared/objects/object-store.ts'),
      import('#shared/jobs/create-wake-queue.ts'),
      import('#shared/jobs/job-requests.ts'),
    ])
  const wakeQueue = createWakeQueue({ ...config, SERVICE_URL: config.REPLICATE_WEBHOOK_URL })
  const deps: PurgeDeps = {
    db,
    store: new ObjectStore(createStorage({ projectId, credentials })),
    bucket: config.STORAGE_BUCKET,
    workBucket: config.WORK_BUCKET,
    modelsBucket: config.MODELS_STORAGE_BUCKET,
    mailCollection: config.MAIL_COLLECTION,
    finishJobs: jobRequests.createJobRequests({ db, wakeQueue, deadlineMs: config.JOB_DEADLINE_MS }),
  }
  return { deps, close: () => db.terminate() }
}
