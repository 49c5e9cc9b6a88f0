import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import type { Config } from '#shared/config/environment.ts'
import { createFirestore } from '#shared/documents/firestore.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { serviceAccountKey } from '#shared/secrets/service-account-key.ts'
import { createWakeQueue, type WakeConfig } from './create-wake-queue.ts'
import type { AnyJobDefinition } from './definition.ts'
import { JobRunner } from './runner.ts'

type ClientsConfig = Pick<Config, 'GOOGLE_CLOUD_PROJECT' | 'FIRESTORE_DATABASE' | 'FIREBASE_SERVICE_ACCOUNT_KEY'>
type LimitsConfig = Pick<Config, 'LEASE_MS' | 'MAX_FAILURES' | 'JOB_DEADLINE_MS' | 'WORK_BUDGET_MS'>

/** Google's clients, in the name of the account that the configuration names. */
export interface Clients {
  db: Firestore
  storage: Storage
  store: ObjectStore
}

/** Opens Google's clients. The connection to the documents closes with the process. */
export async function openClients(context: {
  config: ClientsConfig
  onShutdown(name: string, run: () => Promise<void> | void): void
}): Promise<Clients> {
  const { config } = context
  const credentials = await serviceAccountKey(config.FIREBASE_SERVICE_ACCOUNT_KEY)
  const projectId = config.GOOGLE_CLOUD_PROJECT
  const db = createFirestore({ projectId, databaseId: config.FIRESTORE_DATABASE, credentials })
  const storage = createStorage({ projectId, credentials })
  context.onShutdown('database', () => db.terminate())
  return { db, storage, store: new ObjectStore(storage) }
}

/** The runner of a service's jobs, with the limits and the task queue of its configuration. */
export function openRunner(
  context: { config: LimitsConfig & WakeConfig; logger: Logger; shutdown: AbortSignal },
  parts: { db: Firestore; definitions: readonly AnyJobDefinition[] },
): JobRunner {
  const { config, logger, shutdown } = context
  return new JobRunner({
    ...parts,
    wakeQueue: createWakeQueue(config),
    limits: {
      leaseMs: config.LEASE_MS,
      maxFailures: config.MAX_FAILURES,
      deadlineMs: config.JOB_DEADLINE_MS,
      workBudgetMs: config.WORK_BUDGET_MS,
    },
    logger,
    shutdown,
  })
}
