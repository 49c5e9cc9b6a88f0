import type { Firestore } from '@google-cloud/firestore'
import { modelRef, type SyncStatus } from '#shared/documents/models.ts'
import { findModel } from '#shared/documents/sync-wishes.ts'
import { updateIfUnchanged } from '#shared/documents/update-if-unchanged.ts'

export type SyncCancel =
  | { kind: 'canceled' }
  /** No sync of it was asked for. */
  | { kind: 'not-syncing' }
  | { kind: 'refused'; code: string; message: string }

/** Each round lost means that somebody wrote the document in between. */
const rounds = 5

/** What the app's cancel does: the document no longer asks. Its event (or a worker that looks) ends the job and its copy. */
export async function cancelSync(db: Firestore, params: { modelId: string }): Promise<SyncCancel> {
  const { modelId } = params
  for (let round = 0; round < rounds; round++) {
    const model = await findModel(db, modelId)
    if (!model) return { kind: 'refused', code: 'sync.no-document', message: 'There is no such model.' }
    if (model.syncStatus !== 'syncing') return { kind: 'not-syncing' }
    const notSynced = { syncStatus: 'notsynced' satisfies SyncStatus }
    if ((await updateIfUnchanged(modelRef(db, modelId), notSynced, model)) !== null) return { kind: 'canceled' }
  }
  const message = 'The model is being changed all the time; try again later.'
  return { kind: 'refused', code: 'sync.changing', message }
}
