import type { Firestore } from '@google-cloud/firestore'
import { doubtLedger } from '#shared/cache/count-bucket.ts'
import { everyDocument } from '#shared/documents/every-document.ts'
import { readUsage } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { usageRef } from '#shared/documents/usage.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { uploadPrefix } from '#shared/trainings/training-places.ts'
import { planTrainingPurge, type TrainingPurgePlan } from './plan-training-purge.ts'
import { listed, type PurgeDeps } from './purge-places.ts'
import { purgeTraining } from './purge-training.ts'

/** What a purge of a user would remove: all that trainings made of theirs. Characters and synced models are not among it. */
export interface UserPurgePlan {
  userId: string
  trainings: TrainingPurgePlan[]
  /** Objects that no training's plan names. */
  objects: ObjectFacts[]
  hasUsage: boolean
}

/** Finds all that was trained and generated for a user. */
export async function planUserPurge(deps: PurgeDeps, userId: string): Promise<UserPurgePlan> {
  const { db } = deps
  const ids = new Set<string>()
  for (const collection of ['trainings', 'models', 'generations']) {
    for await (const found of everyDocument(db.collection(collection).where('userId', '==', userId))) {
      const id = collection === 'generations' ? found.get('modelId') : found.id
      // The app has rows of its own among the models.
      if (typeof id === 'string' && (collection !== 'models' || found.get('trainingId') === id)) ids.add(id)
    }
  }
  const trainings: TrainingPurgePlan[] = []
  for (const id of ids) trainings.push(await planTrainingPurge(deps, id))
  const named = new Set(trainings.flatMap(objectsOf).map(keyOf))
  const objects = (await objectsOfUser(deps, userId)).filter((object) => !named.has(keyOf(object)))
  const hasUsage = (await usageRef(db, userId).get()).exists
  return { userId, trainings, objects, hasUsage }
}

/** What lies below a user's names, whoever knows of it. */
async function objectsOfUser(
  { store, bucket, workBucket, modelsBucket }: PurgeDeps,
  userId: string,
): Promise<ObjectFacts[]> {
  return [
    ...(await listed(store, workBucket, { prefix: uploadPrefix(userId), depth: 1 })),
    ...(await listed(store, workBucket, { prefix: `training-zips/${userId}/`, depth: 1 })),
    ...(await listed(store, modelsBucket, { prefix: `trained/${userId}/`, depth: 2 })),
    ...(await listed(store, bucket, { prefix: `generations/${userId}/`, depth: 2 })),
  ]
}

/**
 * Removes all that was trained and generated for a user, as it is now: more may be there than a person was shown and asked about.
 * Ended in the middle it can be repeated.
 * @throws TransientError `purge.under-way` when a job works on one of the trainings; all of them are told to end then
 */
export async function purgeUser(deps: PurgeDeps, { userId }: { userId: string }): Promise<void> {
  const { db, store } = deps
  let underWay: unknown = null
  for (const training of (await planUserPurge(deps, userId)).trainings) {
    await purgeTraining(deps, training).catch((error: unknown) => {
      underWay ??= error
    })
  }
  if (underWay !== null) throw underWay
  const objects = await objectsOfUser(deps, userId)
  for (const object of objects) await store.remove(object, object.generation)
  if (objects.some(({ bucket }) => bucket === deps.modelsBucket)) await doubtLedger(db, deps.modelsBucket)
  await forgetUsage(db, userId)
}

/** Model files of theirs stay, and count as long as they do. */
async function forgetUsage(db: Firestore, userId: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const { storage } = await readUsage(transaction, db, userId)
    const ref = usageRef(db, userId)
    if (Object.keys(storage.kept).length === 0) transaction.delete(ref)
    else transaction.set(ref, { storage: { kept: storage.kept } })
  })
}

function objectsOf({ uploads, zips, weights, pictures, temporaries }: TrainingPurgePlan): ObjectFacts[] {
  return [...uploads, ...zips, ...weights, ...pictures, ...temporaries]
}

function keyOf({ bucket, name }: ObjectFacts): string {
  return `${bucket}/${name}`
}
