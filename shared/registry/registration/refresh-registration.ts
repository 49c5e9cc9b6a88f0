import type { Firestore } from '@google-cloud/firestore'
import { modelRef, readModel } from '../../documents/models.ts'
import { outdatedRegistration } from '../../documents/synced-registration.ts'
import { runTransaction } from '../../documents/transaction.ts'

/**
 * Has our map say what its document does, so that lists and searches find the app's own models before they are synced, and by the
 * name and for the user that they have now. One that is being synced (which does the same) or is gone stays as it is.
 */
export async function refreshRegistration(db: Firestore, modelId: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const stored = await readModel(transaction, db, modelId)
    if (stored === null || stored.syncStatus === 'syncing') return
    const update = outdatedRegistration(modelId, stored.fields)
    if (update !== null) transaction.update(modelRef(db, modelId), update)
  })
}
