import type { Express } from 'express'
import { createEventService } from '#shared/server/event-service.ts'
import type { JobsContext } from '#shared/server/lazy-jobs.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { modelChangeOf } from './model-change.ts'
import { syncSignalOf } from './sync-event.ts'
import type { SyncJobs } from './sync-jobs.ts'

export { type SyncProgress, syncProgressSchema } from '#shared/documents/sync-progress.ts'
export type { NewModelSource, SyncReport, SyncRequest } from './operations/operations.ts'
export type { SyncJobs } from './sync-jobs.ts'

export type ModelSyncInit = JobsContext<'model-sync'>

/** Model sync's routes. Every write to a model is delivered, ours and the app's of other fields too; we are for transitions. */
export function createModelSync(context: ServiceContext<'model-sync'>): Express {
  return createEventService(context, {
    openJobs: () => openJobs(context),
    async handleEvent(event, loadJobs) {
      const { FIRESTORE_DATABASE: database } = context.config
      const signal = syncSignalOf(event, database)
      if (signal.kind === 'wish') return await (await loadJobs()).sync(signal.input)
      const change = modelChangeOf(event, database)
      if (change !== null) await (await loadJobs()).follow(change)
      switch (signal.kind) {
        case 'ignored':
          return change === null ? { kind: 'not-ours', reason: signal.reason } : { kind: 'done' }
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
