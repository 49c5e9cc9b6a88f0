import { FieldValue, type Firestore } from '@google-cloud/firestore'
import { documentsError } from '../documents/firestore.ts'
import { modelFileRef } from '../documents/model-files.ts'
import { modelRef } from '../documents/models.ts'
import { toRegistered } from '../documents/registered-models.ts'
import { runTransaction } from '../documents/transaction.ts'
import type { Admit } from './change-registered.ts'

/**
 * Removes a model's document and its name from the rows of its files, in one transaction. The bytes stay in the cache until
 * something else needs the room; a sync under way ends by itself, as nobody asks for it any more. Throws what `admit` throws,
 * `documents.…`.
 */
export async function removeRegistered(db: Firestore, wish: { modelId: string; admit: Admit }): Promise<void> {
  const { modelId, admit } = wish
  const fileIds = await filesUsedBy(db, modelId)
  await runTransaction(db, async (transaction) => {
    const ref = modelRef(db, modelId)
    admit(toRegistered(await transaction.get(ref)))
    for (const id of fileIds) transaction.update(modelFileRef(db, id), { users: FieldValue.arrayRemove(modelId) })
    transaction.delete(ref)
  })
}

/** Ids of the rows whose bytes the model names. */
async function filesUsedBy(db: Firestore, modelId: string): Promise<string[]> {
  try {
    const { docs } = await db.collection('model_files').where('users', 'array-contains', modelId).get()
    return docs.map(({ id }) => id)
  } catch (error) {
    throw documentsError(error)
  }
}
