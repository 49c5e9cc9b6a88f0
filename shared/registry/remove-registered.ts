import { FieldValue, type Firestore } from '@google-cloud/firestore'
import { documentsError } from '../documents/firestore.ts'
import { modelFileRef, readModelFile } from '../documents/model-files.ts'
import { modelRef } from '../documents/models.ts'
import { toRegistered } from '../documents/registered-models.ts'
import { runTransaction } from '../documents/transaction.ts'
import type { Admit } from './change-registered.ts'

/**
 * Removes a model's document and its name from the rows of its files, in one transaction. The bytes stay in the cache until
 * something else needs the room, those of an upload too once no model names them; a sync under way ends by itself, as nobody asks for it any more. Throws what `admit` throws,
 * `documents.…`.
 */
export async function removeRegistered(db: Firestore, wish: { modelId: string; admit: Admit }): Promise<void> {
  const { modelId, admit } = wish
  const fileIds = await filesUsedBy(db, modelId)
  await runTransaction(db, async (transaction) => {
    const ref = modelRef(db, modelId)
    const model = toRegistered(await transaction.get(ref))
    admit(model)
    const files = await Promise.all(fileIds.map((id) => readModelFile(transaction, db, id)))
    for (const { id, users } of files) {
      // What a file of a person's own was pinned for: being the only copy that a model has.
      const isFree = model?.document.source.engine === 'upload' && users.every((user) => user === modelId)
      const unpinned = isFree ? { pinned: false } : {}
      transaction.update(modelFileRef(db, id), { users: FieldValue.arrayRemove(modelId), ...unpinned })
    }
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
