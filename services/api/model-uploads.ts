import type { Firestore } from '@google-cloud/firestore'
import { toStoredModel } from '#shared/documents/models.ts'
import { settleStorage } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import {
  modelUploadsPrefix,
  modelUploadUri,
  parseModelUploadUri,
  uploadReservation,
} from '#shared/registry/registration/model-uploads.ts'

/** A file that no model is made of by then is removed. */
export const uploadsLiveMs = 24 * 3_600_000
/** One round of the reconciler: each costs a query. What is left is looked at in the next one. */
const mostObjects = 500
/** Of one file: its owner's, and the system's. */
const mostModels = 20

/**
 * Removes uploads of models that are synced, and those that nobody has registered within a day. The api does it, since it has
 * the right to remove in the work bucket, and model sync needs to read there only.
 */
export async function removeFinishedUploads(deps: {
  db: Firestore
  store: ObjectStore
  workBucket: string
  /** Younger ones are left alone. */
  stuckAfterMs: number
  now: () => Date
}): Promise<number> {
  const { db, store, workBucket, stuckAfterMs } = deps
  let seen = 0
  let removed = 0
  for await (const object of store.list(workBucket, modelUploadsPrefix)) {
    const ageMs = deps.now().getTime() - object.timeCreated.getTime()
    if (ageMs < stuckAfterMs) continue
    if (++seen > mostObjects) break
    if (!(await isFinished(db, object, ageMs))) continue
    await store.remove(object, object.generation)
    await release(db, object)
    removed += 1
  }
  return removed
}

async function isFinished(db: Firestore, object: ObjectFacts, ageMs: number): Promise<boolean> {
  const { docs } = await db
    .collection('ai_models')
    .where('uploadObject', '==', modelUploadUri(object))
    .limit(mostModels)
    .get()
  const models = docs.flatMap((found) => toStoredModel(found) ?? [])
  if (models.some(({ syncStatus }) => syncStatus === 'syncing')) return false
  return ageMs > uploadsLiveMs || models.some(({ gcsUri }) => gcsUri !== null)
}

async function release(db: Firestore, object: ObjectFacts): Promise<void> {
  const upload = parseModelUploadUri(modelUploadUri(object))
  if (upload === null) return
  const { userId, sha256 } = upload
  const released = settleStorage(db, { userId, released: [uploadReservation(sha256)], addedBytes: 0 })
  await runTransaction(db, async (transaction) => released(transaction))
}
