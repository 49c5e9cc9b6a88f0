import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore'
import { everyDocument } from './every-document.ts'
import { documentsError } from './firestore.ts'
import { modelRef, type StoredModel, type SyncStatus, toStoredModel } from './models.ts'
import { updateIfUnchanged } from './update-if-unchanged.ts'

/** The model as it is now, outside a transaction; null where there is no such document. */
export async function findModel(db: Firestore, id: string): Promise<StoredModel | null> {
  try {
    return toStoredModel(await modelRef(db, id).get())
  } catch (error) {
    throw documentsError(error)
  }
}

/** Models whose status says that somebody copies them. */
export async function* syncingModels(db: Firestore): AsyncGenerator<StoredModel> {
  const query = db.collection('ai_models').where('syncStatus', '==', 'syncing' satisfies SyncStatus)
  for await (const found of everyDocument(query)) {
    const model = toStoredModel(found)
    if (model) yield model
  }
}

/** Models whose source said when to ask again (early access), and that moment has come. */
export async function modelsToRetry(db: Firestore, page: { now: Date; limit: number }): Promise<StoredModel[]> {
  const { docs } = await db
    .collection('ai_models')
    .where('syncRetryAt', '<=', Timestamp.fromDate(page.now))
    .orderBy('syncRetryAt')
    .limit(page.limit)
    .get()
  return docs.flatMap((found) => toStoredModel(found) ?? [])
}

/**
 * Writes the wish for a sync as the app's "Sync now" does.
 * @returns the update time that names the wish, or null when the document is no longer as `seen`.
 */
export async function wishForSync(db: Firestore, seen: StoredModel): Promise<Timestamp | null> {
  const wish = { syncStatus: 'syncing' satisfies SyncStatus, syncRetryAt: FieldValue.delete() }
  return await updateIfUnchanged(modelRef(db, seen.id), wish, seen)
}
