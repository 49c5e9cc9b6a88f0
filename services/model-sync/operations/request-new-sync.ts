import { FieldValue, type Firestore } from '@google-cloud/firestore'
import { documentsError, isAlreadyThere } from '#shared/documents/firestore.ts'
import { isSameSource, toModel } from '#shared/documents/model.ts'
import { modelRef, type SyncStatus } from '#shared/documents/models.ts'
import { findModel } from '#shared/documents/sync-wishes.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { type NewModelSource, newModelOf } from '#shared/registry/model/new-model.ts'
import { requestSync, type SyncRequest } from './request-sync.ts'

/** What became of the wish, and the document that stands for the source. */
export type NewSyncRequest = SyncRequest & { modelId: string }

/**
 * Asks for the sync of a source that may have no document yet: makes one of the system's (`userId: null`), or takes the one
 * that an earlier call made of the same source; then as `requestSync`.
 */
export async function requestNewSync(
  deps: { db: Firestore; jobs: Pick<JobRequests, 'enqueue'> },
  params: {
    source: NewModelSource
    /** How people see it, and what its object is named by; null for the source's own. */
    name: string | null
    /** The app's word for what it is; of a document that is there already it stays. */
    type: 'model' | 'lora'
  },
): Promise<NewSyncRequest> {
  const { db } = deps
  const { id, name, source } = newModelOf(params.source)
  const ref = modelRef(db, id)
  try {
    await ref.create({
      name: params.name ?? name,
      type: params.type,
      ...source,
      userId: null,
      syncStatus: 'notsynced' satisfies SyncStatus,
      createdAt: FieldValue.serverTimestamp(),
      updatedAt: FieldValue.serverTimestamp(),
    })
  } catch (error) {
    if (!isAlreadyThere(error)) throw documentsError(error)
    const found = await findModel(db, id)
    if (found && !isSameSource(found.source, toModel(id, source).source)) {
      const message = `ai_models/${id} was changed and names another source now; sync it by its id, or give it its source back.`
      return { kind: 'refused', code: 'sync.other-source', message, modelId: id }
    }
    if (found && params.name !== null && found.name !== params.name) await ref.update({ name: params.name })
  }
  return { ...(await requestSync(deps, { modelId: id })), modelId: id }
}
