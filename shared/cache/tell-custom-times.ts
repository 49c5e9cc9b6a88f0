import { modelFileRef, toModelFile } from '#shared/documents/model-files.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { CacheDeps } from './cache-deps.ts'

/**
 * Sets the custom time of files that were used since it was last set, by which the bucket moves what lies unused to colder
 * storage. @returns how many files it was told of; the rest comes the next time.
 */
export async function tellCustomTimes(deps: CacheDeps, page: { limit: number }): Promise<number> {
  const { db } = deps
  const { docs } = await db.collection('model_files').where('isCustomTimeDue', '==', true).limit(page.limit).get()
  for (const found of docs) {
    const { stored, lastUsedAt } = toModelFile(found.id, found.data())
    if (stored !== null && lastUsedAt !== null) await tellObjects(deps, stored.name, lastUsedAt.toDate())
    await modelFileRef(db, found.id).update({ isCustomTimeDue: false, customTime: lastUsedAt })
  }
  return docs.length
}

async function tellObjects({ store, bucket }: CacheDeps, name: string, customTime: Date): Promise<void> {
  if (!name.endsWith('/')) return await tellObject(store, { bucket, name }, customTime)
  for await (const object of store.list(bucket, name)) await tellObject(store, object, customTime)
}

async function tellObject(
  store: CacheDeps['store'],
  object: { bucket: string; name: string },
  customTime: Date,
): Promise<void> {
  const facts = await store.stat(object)
  if (facts === null) return
  try {
    await store.setCustomTime(facts, customTime)
  } catch (error) {
    // Evicted in this moment, or told of a later use already: Cloud Storage takes none that is earlier.
    if (!(error instanceof FinalError)) throw error
  }
}
