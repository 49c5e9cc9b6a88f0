import type { Firestore } from '@google-cloud/firestore'
import { modelRef, readModel } from '../documents/models.ts'
import { registeredOf, registryFields } from '../documents/registered-models.ts'
import { runTransaction } from '../documents/transaction.ts'

/**
 * Gives a document of the app's own our map, made of what the document says, so that lists and searches find it before it is
 * synced or changed. One that has a map, is being synced (which makes a better one) or is gone stays as it is.
 */
export async function listModel(db: Firestore, modelId: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const stored = await readModel(transaction, db, modelId)
    if (stored === null || stored.syncStatus === 'syncing') return
    const { model, userId, isIndexed } = registeredOf(modelId, stored.fields)
    if (!isIndexed) transaction.update(modelRef(db, modelId), { registry: registryFields(model, userId) })
  })
}
