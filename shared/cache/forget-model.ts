import type { Firestore } from '@google-cloud/firestore'
import { everyDocument } from '#shared/documents/every-document.ts'
import { filesUsedBy, withoutModel } from '#shared/documents/file-users.ts'
import { groupsOf } from '#shared/documents/in-groups.ts'
import type { Model } from '#shared/documents/model.ts'
import { type ModelFile, readModelFile, toModelFile, uriOf } from '#shared/documents/model-files.ts'
import { modelRef, readModel, toStoredModel } from '#shared/documents/models.ts'
import { reading } from '#shared/documents/reading.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { isUploadOf } from '#shared/registry/registration/model-uploads.ts'

/** Firestore takes more; this is a page of rows. */
const MODELS_AT_ONCE = 100

/**
 * Takes a model off the rows of files that it no longer names: the app has deleted it, or another file was synced to it. May be
 * repeated. @returns how many rows there were.
 */
export async function forgetModel(db: Firestore, modelId: string): Promise<number> {
  let forgotten = 0
  for (const fileId of await filesUsedBy(db, modelId)) {
    const wasListed = await runTransaction(db, async (transaction) => {
      const file = await readModelFile(transaction, db, fileId)
      const model = await readModel(transaction, db, modelId)
      if (!file.users.includes(modelId) || isOf(file, model)) return false
      withoutModel(db, file, modelId)(transaction)
      return true
    })
    if (wasListed) forgotten += 1
  }
  return forgotten
}

/** The same of every model that a file is kept for: whoever deletes one while no event comes of it. */
export async function forgetGoneOwners(db: Firestore): Promise<number> {
  let forgotten = 0
  let files: ModelFile[] = []
  const look = async () => {
    for (const modelId of await goneOwners(db, files)) forgotten += await forgetModel(db, modelId)
    files = []
  }
  for await (const found of everyDocument(db.collection('model_files').where('isOwned', '==', true))) {
    files.push(toModelFile(found.id, found.data()))
    if (files.length === MODELS_AT_ONCE) await look()
  }
  await look()
  return forgotten
}

async function goneOwners(db: Firestore, files: readonly ModelFile[]): Promise<Set<string>> {
  const owned = files.flatMap((file) => file.owners.map(({ modelId }) => ({ file, modelId })))
  const gone = new Set<string>()
  for (const group of groupsOf(owned, MODELS_AT_ONCE)) {
    const models = await reading(db.getAll(...group.map(({ modelId }) => modelRef(db, modelId))))
    for (const [index, { file, modelId }] of group.entries()) {
      const snapshot = models[index]
      if (snapshot && !isOf(file, toStoredModel(snapshot))) gone.add(modelId)
    }
  }
  return gone
}

/** Whether a model names the file, or the upload that it was: it shows as not synced for a while and may be synced again. */
function isOf(file: ModelFile, model: Pick<Model, 'gcsUri' | 'source'> | null): boolean {
  if (model === null || file.stored === null) return false
  if (model.gcsUri !== null) return model.gcsUri === uriOf(file.stored)
  return isUploadOf(model.source, file.id)
}
