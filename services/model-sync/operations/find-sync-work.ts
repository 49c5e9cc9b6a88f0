import type { Firestore } from '@google-cloud/firestore'
import { modelsToRetry, syncingModels, wishForSync } from '#shared/documents/sync-wishes.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { hasEnded } from '#shared/jobs/live-job.ts'
import { reconcilePageSize } from '#shared/jobs/reconcile.ts'
import { type SyncInput, syncInputOf, syncJobNames } from '../sync-input.ts'

/** What models ask for, as their documents say it: for whoever gets no events. */
export interface SyncWorkFound {
  /** Models that ask and have no job yet. */
  begin: { jobId: string; input: SyncInput; name: string }[]
  /** Models with a live job that no longer ask. */
  withdrawn: string[]
}

/**
 * Finds models that ask for a sync without a live job (`liveModelIds` have one), and those with one that ask no longer.
 * Models whose source said when to ask again are asked for anew first.
 */
export async function findSyncWork(
  db: Firestore,
  params: { liveModelIds: ReadonlySet<string>; now: Date },
): Promise<SyncWorkFound> {
  const { liveModelIds, now } = params
  for (const model of await modelsToRetry(db, { now, limit: reconcilePageSize })) {
    if (model.syncStatus === 'notsynced') await wishForSync(db, model)
  }
  const syncing = new Set<string>()
  const begin: SyncWorkFound['begin'] = []
  for await (const model of syncingModels(db)) {
    syncing.add(model.id)
    if (liveModelIds.has(model.id)) continue
    const input = syncInputOf(model.id, model.updatedAt)
    const id = jobId(syncJobNames.key(input))
    // What has ended is not begun again; it is for a person to look at.
    if (!(await hasEnded(db, id))) begin.push({ jobId: id, input, name: model.name })
  }
  return { begin, withdrawn: [...liveModelIds].filter((id) => !syncing.has(id)) }
}
