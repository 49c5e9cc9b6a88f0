import type { Firestore } from '@google-cloud/firestore'
import { type ModelFile, modelFileRef, type StoredFile, toModelFile } from '../../documents/model-files.ts'
import { modelRef, toStoredModel } from '../../documents/models.ts'
import { reading } from '../../documents/reading.ts'

/** More models of one file than this are not looked through. */
const mostModels = 100

/**
 * The stored file of these bytes, where its owner may have it without showing that they have the bytes: one of their own
 * models names it, or one of the system's. `userId` null: for the system, which may have all. Null where there is none.
 */
export async function storedBytesFor(
  db: Firestore,
  wish: { sha256: string; userId: string | null },
): Promise<StoredFile | null> {
  const file = await storedFile(db, wish.sha256)
  if (file === null || wish.userId === null) return file?.stored ?? null
  const refs = file.users.slice(0, mostModels).map((id) => modelRef(db, id))
  const models = refs.length > 0 ? await reading(db.getAll(...refs)) : []
  const isSeen = models.some((snapshot) => {
    const model = toStoredModel(snapshot)
    return model !== null && (model.userId === null || model.userId === wish.userId)
  })
  return isSeen ? file.stored : null
}

/** The row of these bytes, where they are stored. */
async function storedFile(db: Firestore, sha256: string): Promise<(ModelFile & { stored: StoredFile }) | null> {
  const row = toModelFile(sha256, (await reading(modelFileRef(db, sha256).get())).data())
  return row.stored ? { ...row, stored: row.stored } : null
}
