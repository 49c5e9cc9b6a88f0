import { type Firestore, Timestamp } from '@google-cloud/firestore'
import type { Model } from '#shared/documents/model.ts'
import { type CacheState, type ModelFile, modelFileRef, toModelFile, uriOf } from '#shared/documents/model-files.ts'

/** A file (or folder) that lies in the models bucket, as the cache sees it. */
export interface CachedFile {
  /** Of its row in `model_files`. */
  fileId: string
  uri: string
  /** What its eviction frees: a folder's list of contents too. */
  bytes: number
  /** Null for a folder. */
  sha256: string | null
  /** At which it was seen: a newer one is another file. */
  generation: string
  lastUsedAt: Timestamp | null
  isPinned: boolean
  /** The end of the longest lease; null where nobody ever held it. */
  leasedUntil: Timestamp | null
  /** Whether a sync is about to tell a model of it. */
  isAwaited: boolean
  /** Models whose `gcsUri` names it. */
  modelIds: readonly string[]
}

/** A page of them, those first that would be evicted first. */
export interface CachedFilePage {
  files: CachedFile[]
  /** Opaque; null behind the last. */
  nextCursor: string | null
}

/** The file of a row, or null where nothing is stored under it. */
export function toCachedFile(row: ModelFile): CachedFile | null {
  const { stored } = row
  if (stored === null) return null
  const leases = Object.values(row.leases).toSorted((a, b) => b.toMillis() - a.toMillis())
  return {
    fileId: row.id,
    uri: uriOf(stored),
    bytes: bytesOf(row),
    sha256: stored.sha256,
    generation: stored.generation,
    lastUsedAt: row.lastUsedAt,
    isPinned: row.pinned,
    leasedUntil: leases[0] ?? null,
    isAwaited: row.waiters.length > 0,
    modelIds: row.users,
  }
}

/** What a row's file counts in the ledger. */
export function bytesOf({ stored, countedBytes }: ModelFile): number {
  return countedBytes || (stored?.sizeBytes ?? 0)
}

export async function readCachedFile(db: Firestore, fileId: string): Promise<CachedFile | null> {
  return toCachedFile(toModelFile(fileId, (await modelFileRef(db, fileId).get()).data()))
}

/**
 * The file that a model was synced to; null where it names none that the cache has. Its user may write the document: the address
 * of somebody else's file in it gives nothing, for only a sync lists the model in the file's row.
 */
export async function fileOfModel(db: Firestore, model: Pick<Model, 'id' | 'gcsUri'>): Promise<CachedFile | null> {
  if (model.gcsUri === null) return null
  const { docs } = await db.collection('model_files').where('uri', '==', model.gcsUri).limit(1).get()
  const [found] = docs
  const file = found ? toCachedFile(toModelFile(found.id, found.data())) : null
  return file?.modelIds.includes(model.id) ? file : null
}

/** A page of what lies in the cache. Needs the composite index `model_files(cacheState, lastUsedAt)`. */
export async function listCachedFiles(
  db: Firestore,
  page: { limit: number; cursor: string | null },
): Promise<CachedFilePage> {
  const { limit, cursor } = page
  let query = db
    .collection('model_files')
    .where('cacheState', '==', 'stored' satisfies CacheState)
    .orderBy('lastUsedAt')
    .orderBy('__name__')
    .limit(limit)
  const after = cursor === null ? null : readCursor(cursor)
  if (after !== null) query = query.startAfter(after.lastUsedAt, after.fileId)
  const { docs } = await query.get()
  const files = docs.flatMap((found) => toCachedFile(toModelFile(found.id, found.data())) ?? [])
  const last = files.at(-1)
  return { files, nextCursor: last && docs.length === limit ? writeCursor(last) : null }
}

/** Everything in the cache, a page at a time. */
export async function allCachedFiles(db: Firestore): Promise<CachedFile[]> {
  const all: CachedFile[] = []
  for (let cursor: string | null = null; ; ) {
    const { files, nextCursor }: CachedFilePage = await listCachedFiles(db, { limit: PAGE_SIZE, cursor })
    all.push(...files)
    if (nextCursor === null) return all
    cursor = nextCursor
  }
}

const PAGE_SIZE = 300

function writeCursor({ lastUsedAt, fileId }: CachedFile): string {
  const time = lastUsedAt && [lastUsedAt.seconds, lastUsedAt.nanoseconds]
  return Buffer.from(JSON.stringify([time, fileId])).toString('base64url')
}

/** Null for what is no cursor of ours: then the list begins anew. */
function readCursor(cursor: string): { lastUsedAt: Timestamp | null; fileId: string } | null {
  try {
    const [time, fileId]: [[number, number] | null, unknown] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (typeof fileId !== 'string' || fileId === '') return null
    return { lastUsedAt: time && new Timestamp(time[0], time[1]), fileId }
  } catch {
    return null
  }
}
