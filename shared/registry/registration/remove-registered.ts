import type { Firestore } from '@google-cloud/firestore'
import { filesUsedBy, withoutModel } from '../../documents/file-users.ts'
import { readModelFile } from '../../documents/model-files.ts'
import { modelRef } from '../../documents/models.ts'
import { toRegistered } from '../../documents/registered-models.ts'
import { runTransaction } from '../../documents/transaction.ts'
import type { Admit } from './change-registered.ts'

/**
 * Removes a model's document and its name from the rows of its files, in one transaction. The bytes stay in the cache until
 * something else needs the room, those of an upload too once it is kept for nobody; a sync under way ends by itself, as nobody
 * asks for it any more. Throws what `admit` throws, `documents.…`.
 */
export async function removeRegistered(db: Firestore, wish: { modelId: string; admit: Admit }): Promise<void> {
  const { modelId, admit } = wish
  const fileIds = await filesUsedBy(db, modelId)
  await runTransaction(db, async (transaction) => {
    const ref = modelRef(db, modelId)
    admit(toRegistered(await transaction.get(ref)))
    const files = await Promise.all(fileIds.map((id) => readModelFile(transaction, db, id)))
    for (const file of files) withoutModel(db, file, modelId)(transaction)
    transaction.delete(ref)
  })
}
