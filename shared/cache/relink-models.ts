import type { Firestore } from '@google-cloud/firestore'
import { everyDocument } from '#shared/documents/every-document.ts'
import { readModelFile, uriOf, writeModelFile } from '#shared/documents/model-files.ts'
import { readModel, type StoredModel, type SyncStatus, showEvicted, toStoredModel } from '#shared/documents/models.ts'
import { runTransaction } from '#shared/documents/transaction.ts'

/** Models that say that their file lies below models/ in the bucket. */
export async function* modelsInCache(db: Firestore, bucket: string): AsyncGenerator<StoredModel & { gcsUri: string }> {
  const query = db.collection('ai_models').where('syncStatus', '==', 'synced' satisfies SyncStatus)
  for await (const found of everyDocument(query)) {
    const model = toStoredModel(found)
    const gcsUri = model?.gcsUri ?? null
    if (model && gcsUri?.startsWith(`gs://${bucket}/models/`)) yield { ...model, gcsUri }
  }
}

/** More models of one file than this are not looked through. */
const mostModels = 100

/**
 * Writes on a file's row that a model names it, unless either has changed: an eviction takes it from those that are listed there.
 * A user's only beside another of theirs, or one of the system's: who is listed may download the file, and the document, with the
 * address in it, may be its user's own writing.
 */
export async function relinkModel(db: Firestore, link: { modelId: string; fileId: string }): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const model = await readModel(transaction, db, link.modelId)
    const row = await readModelFile(transaction, db, link.fileId)
    if (!model || row.stored === null || model.gcsUri !== uriOf(row.stored) || row.users.includes(model.id)) return
    const listed = row.users.slice(0, mostModels).map((id) => readModel(transaction, db, id))
    const owners = (await Promise.all(listed)).flatMap((other) => (other ? [other.userId] : []))
    if (model.userId !== null && !owners.includes(null) && !owners.includes(model.userId)) return
    writeModelFile(db, { ...row, users: [...row.users, model.id] })(transaction)
  })
}

/** Takes from a model a file that nobody has, if it still names it. */
export async function unlinkModel(db: Firestore, link: { modelId: string; uri: string }): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const model = await readModel(transaction, db, link.modelId)
    const rows = await transaction.get(db.collection('model_files').where('uri', '==', link.uri).limit(1))
    if (model?.gcsUri === link.uri && rows.empty) showEvicted(db, model)(transaction)
  })
}
