import type { Express } from 'express'
import { createEventService } from '#shared/server/event-service.ts'
import type { JobsContext } from '#shared/server/lazy-jobs.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { syncSignalOf } from './sync-event.ts'
import type { SyncJobs } from './sync-jobs.ts'

export type { NewModelSource, SyncReport, SyncRequest } from './operations/operations.ts'
export type { SyncJobs } from './sync-jobs.ts'
export { type SyncProgress, syncProgressSchema } from './sync-progress.ts'

export type ModelSyncInit = JobsContext<'model-sync'>

/** Model sync's routes. Every write to a model is delivered, ours and the app's of other fields too; we are for a transition. */
export function createModelSync(context: ServiceContext<'model-sync'>): Express {
  return createEventService(context, {
    openJobs: () => openJobs(context),
    async handleEvent(event, loadJobs) {
      const signal = syncSignalOf(event, context.config.FIRESTORE_DATABASE)
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
  })
}

/** The service's jobs without its routes: also for a worker that looks for work itself. */
export async function openJobs(init: ModelSyncInit): Promise<SyncJobs> {
  const { openSyncJobs } = await import('./sync-jobs.ts')
  return await openSyncJobs(init)
}

/** What the command line does for this service, loaded when it is asked for. */
export function loadOperations() {
  return import('./operations/operations.ts')
}
