import type { Timestamp } from '@google-cloud/firestore'
import { removeOwners } from '#shared/documents/file-owners.ts'
import {
  type CacheState,
  type DoomedObject,
  type ModelFile,
  modelFileRef,
  readModelFile,
  toModelFile,
  uriOf,
  writeModelFile,
} from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import type { CacheDeps } from './cache-deps.ts'
import { bytesOf, type CachedFile } from './cached-file.ts'
import { changeLedger } from './ledger.ts'
import { unlinkModels } from './unlink-models.ts'

/** Deletions of one folder at once. */
const REMOVALS_AT_ONCE = 16
/** How often somebody may change an object's metadata between our look at it and its deletion. */
const REMOVAL_ROUNDS = 5

export interface EvictionDeps extends CacheDeps {
  logger: Logger
  now: () => Date
}

/**
 * Removes a file from the cache: first nobody is told of it any more, then its objects go, then its bytes count no longer. Whoever
 * dies in between is succeeded by the next copy of the file, the next that needs room, or the reconciler.
 * @returns false where the file was used, pinned, held or awaited since it was seen: then it stays.
 */
export async function evictFile(deps: EvictionDeps, file: CachedFile): Promise<boolean> {
  const objects = await objectsOf(deps, file)
  if (!(await beginEviction(deps, file, objects, { isUnusable: false }))) return false
  await finishEviction(deps, file.fileId)
  const { uri, bytes, modelIds: models } = file
  deps.logger.info('A file was evicted from the cache.', { event: 'cache-evicted', uri, bytes, models })
  return true
}

/** Removes what is left of a file that nobody can use (damaged, or gone in part), whoever pinned or holds it. */
export async function discardFile(deps: CacheDeps & Pick<EvictionDeps, 'now'>, file: CachedFile): Promise<void> {
  const objects = await objectsOf(deps, file)
  if (await beginEviction(deps, file, objects, { isUnusable: true })) await finishEviction(deps, file.fileId)
}

/** Ends every eviction that somebody has begun. Returns how many there were. */
export async function finishEvictions(deps: CacheDeps): Promise<number> {
  const { docs } = await deps.db
    .collection('model_files')
    .where('cacheState', '==', 'evicting' satisfies CacheState)
    .get()
  for (const { id } of docs) await finishEviction(deps, id)
  return docs.length
}

/** Goes on with an eviction that was begun; nothing where there is none. Any number may do so at once. */
export async function finishEviction(deps: CacheDeps, fileId: string): Promise<void> {
  const { db, bucket } = deps
  const { evicting } = toModelFile(fileId, (await modelFileRef(db, fileId).get()).data())
  if (evicting === null) return
  for (let first = 0; first < evicting.objects.length; first += REMOVALS_AT_ONCE) {
    const some = evicting.objects.slice(first, first + REMOVALS_AT_ONCE)
    await Promise.all(some.map((object) => removeDoomed(deps, object)))
  }
  await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, fileId)
    if (row.evicting?.name !== evicting.name || row.evicting.generation !== evicting.generation) return
    const count = await changeLedger(transaction, db, bucket, (ledger) => ({
      ...ledger,
      storedBytes: ledger.storedBytes - evicting.countedBytes,
    }))
    writeModelFile(db, { ...row, evicting: null })(transaction)
    count(transaction)
  })
}

async function beginEviction(
  deps: CacheDeps & Pick<EvictionDeps, 'now'>,
  seen: CachedFile,
  objects: DoomedObject[],
  { isUnusable }: { isUnusable: boolean },
): Promise<boolean> {
  const { db } = deps
  return await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, seen.fileId)
    const { stored } = row
    if (stored === null || stored.generation !== seen.generation) return false
    if (!isUnusable && !mayGo(row, seen, deps.now())) return false
    const unlink = await unlinkModels(transaction, db, { uri: uriOf(stored), modelIds: row.users })
    const evicting = { ...stored, objects, countedBytes: bytesOf(row) }
    const { file, count } = removeOwners(db, row, () => true)
    writeModelFile(db, { ...file, stored: null, users: [], leases: {}, countedBytes: 0, evicting })(transaction)
    unlink(transaction)
    count(transaction)
    return true
  })
}

function mayGo(row: ModelFile, seen: CachedFile, now: Date): boolean {
  const isHeld = Object.values(row.leases).some((until) => until.toMillis() > now.getTime())
  return !row.pinned && !isHeld && row.waiters.length === 0 && isSameTime(row.lastUsedAt, seen.lastUsedAt)
}

function isSameTime(a: Timestamp | null, b: Timestamp | null): boolean {
  return a === b || (a !== null && b !== null && a.isEqual(b))
}

/** What lies there now, each as it was seen; below a folder only what a copy has put there. */
async function objectsOf({ store, bucket }: CacheDeps, file: CachedFile): Promise<DoomedObject[]> {
  const name = file.uri.slice(`gs://${bucket}/`.length)
  if (!name.endsWith('/')) {
    const object = await store.stat({ bucket, name }, file.generation)
    return object === null ? [] : [doomed(object)]
  }
  const objects: DoomedObject[] = []
  for await (const object of store.list(bucket, name)) {
    if (object.metadata.copyJobId !== undefined) objects.push(doomed(object))
  }
  return objects
}

function doomed({ name, generation, metadata }: ObjectFacts): DoomedObject {
  return { name, generation, copyJobId: metadata.copyJobId ?? null }
}

/** Leaves alone what another copy has made its own: the same bytes under the same name, found in this moment. */
async function removeDoomed(deps: CacheDeps, one: DoomedObject): Promise<void> {
  const object = { bucket: deps.bucket, name: one.name }
  for (let round = 0; round < REMOVAL_ROUNDS; round++) {
    const facts = await deps.store.stat(object, one.generation)
    if (facts === null || (facts.metadata.copyJobId ?? null) !== one.copyJobId) return
    // Refused without a word where somebody has changed its metadata since; then we look again.
    await deps.store.remove(object, facts.generation, facts.metageneration)
  }
}
