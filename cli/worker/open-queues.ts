import type { Firestore } from '@google-cloud/firestore'
import type { Config } from '#shared/config/environment.ts'
import { loadConfig } from '#shared/config/load.ts'
import { ConfigError } from '#shared/errors/app-error.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Shutdown } from '#shared/server/shutdown.ts'
import { imageQueue } from './image-queue.ts'
import { modelQueue } from './model-queue.ts'
import type { QueueName, WorkQueue } from './task.ts'

/** The configurations of the services whose work is done here. */
export interface WorkerConfigs {
  models: Config<'model-sync'> | null
  images: Config<'image-worker'> | null
  /** Why the other is left alone. */
  missing: { name: QueueName; reason: string } | null
}

/** Nothing ends a run here after ten minutes, as a request on Cloud Run is ended; only what it had in flight would be lost. */
const workBudgetMs = 24 * 3_600_000

/**
 * Reads what each service needs, without a task queue: what is to be done is done here and now. Without `only` one of them
 * may be missing.
 * @throws ConfigError when nothing can be done
 */
export function readWorkerConfigs(
  env: Readonly<Record<string, string | undefined>>,
  only: QueueName | null,
): WorkerConfigs {
  const here = { ...env, TASKS_QUEUE: undefined }
  const read = <T extends object>(name: QueueName, load: () => T): T | ConfigError | null => {
    if (only !== null && only !== name) return null
    try {
      return { ...load(), WORK_BUDGET_MS: workBudgetMs }
    } catch (error) {
      if (error instanceof ConfigError) return error
      throw error
    }
  }
  const models = read('models', () => loadConfig('model-sync', here))
  const images = read('images', () => loadConfig('image-worker', here))
  if (models instanceof ConfigError && (images === null || images instanceof ConfigError)) throw images ?? models
  if (images instanceof ConfigError && models === null) throw images
  if (models instanceof ConfigError) return { models: null, images: usable(images), missing: missing('models', models) }
  if (images instanceof ConfigError) return { models, images: null, missing: missing('images', images) }
  return { models, images, missing: null }
}

function usable<T>(config: T | ConfigError | null): T | null {
  return config instanceof ConfigError ? null : config
}

function missing(name: QueueName, error: ConfigError): { name: QueueName; reason: string } {
  return { name, reason: error.message.replace(/ All variables are explained in .*$/, '') }
}

/** Opens the jobs of each service, as its own process would. */
export async function openQueues(
  configs: WorkerConfigs,
  process: { db: Firestore; logger: Logger; shutdown: Shutdown },
): Promise<WorkQueue[]> {
  const { db, logger, shutdown } = process
  const host = {
    logger,
    shutdown: shutdown.signal,
    onShutdown: shutdown.onShutdown.bind(shutdown),
  }
  const queues: WorkQueue[] = []
  if (configs.models !== null) {
    const { openJobs } = await import('../../services/model-sync/app.ts')
    queues.push(modelQueue(db, await openJobs({ ...host, config: configs.models }), configs.models))
  }
  if (configs.images !== null) {
    const { openJobs } = await import('../../services/image-worker/app.ts')
    const jobs = await openJobs({ ...host, config: configs.images })
    await jobs.loadWork() // A provider that can't work should say so before it has taken up a picture.
    queues.push(imageQueue(db, jobs, configs.images))
  }
  return queues
}
