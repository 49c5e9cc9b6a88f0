import type { Firestore } from '@google-cloud/firestore'
import { isTrainingOver, readTraining } from '#shared/documents/trainings.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'

/** Everything temporary is gone a day later: people's photos above all. */
const uploadsLiveMs = 24 * 3_600_000
/** One round of the reconciler, in 40 requests. A list begins at its start each time: what lies in front is gone within a day. */
const mostObjects = 20_000

/** Removes uploads that no training took within a day, and archives of trainings that are over. */
export async function removeForgottenPhotos(deps: {
  db: Firestore
  store: ObjectStore
  workBucket: string
  stuckAfterMs: number
  now: () => Date
}): Promise<{ removedUploads: number; removedZips: number }> {
  const { store, workBucket, stuckAfterMs } = deps
  const isOlder = ({ timeCreated }: ObjectFacts, ms: number) => deps.now().getTime() - timeCreated.getTime() > ms
  let removedUploads = 0
  for await (const object of some(store.list(workBucket, 'training-uploads/'))) {
    if (!isOlder(object, uploadsLiveMs)) continue
    await store.remove(object, object.generation)
    removedUploads += 1
  }
  let removedZips = 0
  for await (const object of some(store.list(workBucket, 'training-zips/'))) {
    if (!isOlder(object, stuckAfterMs) || !(await isOver(deps.db, object))) continue
    await store.remove(object, object.generation)
    removedZips += 1
  }
  return { removedUploads, removedZips }
}

/** By `training-zips/{uid}/{id}.zip`. */
async function isOver(db: Firestore, { name }: ObjectFacts): Promise<boolean> {
  const id = /\/([^/]+)\.zip$/.exec(name)?.[1]
  if (id === undefined) return true
  const training = await readTraining(null, db, id)
  return training === null || isTrainingOver(training)
}

async function* some(objects: AsyncIterable<ObjectFacts>): AsyncGenerator<ObjectFacts> {
  let seen = 0
  for await (const object of objects) {
    yield object
    seen += 1
    if (seen === mostObjects) return
  }
}
