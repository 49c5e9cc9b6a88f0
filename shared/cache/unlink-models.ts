import type { Firestore, Transaction } from '@google-cloud/firestore'
import { readModel, showEvicted } from '#shared/documents/models.ts'
import type { Writes } from '#shared/documents/transaction.ts'

/** Takes a file that goes, or is gone, from the models that name it; those that name another by now are left alone. */
export async function unlinkModels(
  transaction: Transaction,
  db: Firestore,
  file: { uri: string; modelIds: readonly string[] },
): Promise<Writes> {
  const models = await Promise.all(file.modelIds.map((id) => readModel(transaction, db, id)))
  return (writing) => {
    for (const model of models) if (model?.gcsUri === file.uri) showEvicted(db, model)(writing)
  }
}
