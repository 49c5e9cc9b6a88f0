import type { Express } from 'express'
import { createApp } from '#shared/server/create-app.ts'
import { EVENT_BODY_LIMIT_BYTES, eventServiceRoutes } from '#shared/server/event-service.ts'
import { requireInternalCaller } from '#shared/server/internal-caller.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { syncSignalOf } from './sync-event.ts'
import type { SyncJobs } from './sync-jobs.ts'

export type { SyncProgress } from './copy-watch.ts'
export type { NewModelSource, SyncReport, SyncRequest } from './operations/operations.ts'
export type { SyncJobs } from './sync-jobs.ts'

export type ModelSyncInit = ServiceContext<'model-sync'>

/**
 * Model sync's routes. Every write to a model is delivered, ours and the app's of other fields too: what is not the
 * transition that we are for is answered without Google's clients, which take three times as long to load as the rest.
 */
export function createModelSync(init: ModelSyncInit): Express {
  const { config, logger } = init
  let loading: Promise<SyncJobs> | null = null
  const loadJobs = (): Promise<SyncJobs> => {
    loading ??= import('./sync-jobs.ts').then(({ openSyncJobs }) => openSyncJobs(init))
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
          const signal = syncSignalOf(event, config.FIRESTORE_DATABASE)
          switch (signal.kind) {
            case 'ignored':
              return { kind: 'not-ours', reason: signal.reason }
            case 'wish':
              return await (await loadJobs()).sync(signal.input)
            case 'withdrawn':
              return await (await loadJobs()).withdraw(signal.modelId)
            default:
              return signal satisfies never
          }
        },
        resumeJob: async (id) => (await loadJobs()).resume(id),
        reconcile: async () => (await loadJobs()).reconcile(),
      }),
  })
}

/** The service's jobs without its routes, for a worker that looks for work itself. */
export async function openJobs(init: Omit<ModelSyncInit, 'afterFirstAnswer'>): Promise<SyncJobs> {
  const { openSyncJobs } = await import('./sync-jobs.ts')
  return await openSyncJobs({ ...init, afterFirstAnswer: () => {} })
}

/** What the command line does for this service, loaded when it is asked for. */
export function loadOperations() {
  return import('./operations/operations.ts')
}
