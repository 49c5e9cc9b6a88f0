import {
  type DocumentData,
  type DocumentReference,
  FieldValue,
  type Firestore,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import type { ModelFacts } from './models.ts'
import type { Writes } from './transaction.ts'

/** Where the bytes of a file lie. A folder's `name` ends in a slash, and `generation` is its manifest's. */
export interface StoredFile {
  bucket: string
  name: string
  generation: string
  sizeBytes: number
  /** Null for a folder. */
  sha256: string | null
  facts: ModelFacts
}

/** An object that an eviction removes, unless it has become another copy's since that was decided. */
export interface DoomedObject {
  name: string
  generation: string
  /** Which copy it was; null for what has no label. */
  copyJobId: string | null
}

/** A file on its way out of the bucket: nobody is told of it any more, and its objects may still lie there. */
export interface EvictedFile extends StoredFile {
  objects: DoomedObject[]
  countedBytes: number
}

/** For queries: what `stored` and `evicting` say. */
export type CacheState = 'stored' | 'evicting' | 'absent'

/** A sync that waits for the file. */
export interface Waiter {
  jobId: string
  modelId: string
}

/** A model that was made of its owner's upload of a file's bytes. `userId` null: the system's. */
export interface FileOwner {
  userId: string | null
  modelId: string
}

/** `model_files/{id}`: one row a distinct file (or folder), whatever number of models use it. */
export interface ModelFile {
  /** The SHA-256 where it is known, else a hash of what names the file at its source. */
  id: string
  /** Copies begun so far: with the id the natural key of the current one. */
  round: number
  /** The job of that copy; null before the first. */
  copyJobId: string | null
  waiters: Waiter[]
  stored: StoredFile | null
  /** The row of the same bytes under their SHA-256, once the copy has told it. */
  sameAs: string | null
  /** Ids of the models whose `gcsUri` names it. */
  users: string[]
  /** Of them those that the file is kept for, and whose storage it counts against: see `file-owners.ts`. */
  owners: FileOwner[]
  /** What `stored` counts in the cache's ledger: a folder's list of contents too. */
  countedBytes: number
  /** Never evicted. */
  pinned: boolean
  /** Until when whom may not lose it: a download URL that was given out. */
  leases: Record<string, Timestamp>
  evicting: EvictedFile | null
  /** When a sync, a reader or a download needed it last; what was used least recently is evicted first. */
  lastUsedAt: Timestamp | null
  /** The custom time of its objects, by which the bucket moves what lies unused to colder storage. */
  customTime: Timestamp | null
  /** Its use is to be told to the bucket, by whoever may change objects there. */
  isCustomTimeDue: boolean
}

export function modelFileRef(db: Firestore, id: string): DocumentReference {
  return db.collection('model_files').doc(id)
}

/** The row as it is inside a transaction; an empty one where there is none yet. */
export async function readModelFile(transaction: Transaction, db: Firestore, id: string): Promise<ModelFile> {
  return toModelFile(id, (await transaction.get(modelFileRef(db, id))).data())
}

/** The row of what was read; one that was written before a field existed has its empty value. */
export function toModelFile(id: string, fields: DocumentData | undefined): ModelFile {
  const empty: ModelFile = {
    id,
    round: 0,
    copyJobId: null,
    waiters: [],
    stored: null,
    sameAs: null,
    users: [],
    owners: [],
    countedBytes: 0,
    pinned: false,
    leases: {},
    evicting: null,
    lastUsedAt: null,
    customTime: null,
    isCustomTimeDue: false,
  }
  // The cast is safe: only shared/documents and shared/cache write the collection.
  return fields === undefined ? empty : { ...empty, ...(fields as ModelFile) }
}

/** Writes the row; with `isUsed` as used in this moment. `waiterIds`, `uri`, `cacheState` and `isOwned` are for queries. */
export function writeModelFile(db: Firestore, file: ModelFile, { isUsed = false } = {}): Writes {
  const { stored, evicting, waiters, owners, lastUsedAt } = file
  const cacheState: CacheState = stored ? 'stored' : evicting ? 'evicting' : 'absent'
  return (transaction) =>
    transaction.set(modelFileRef(db, file.id), {
      ...file,
      waiterIds: waiters.map(({ jobId }) => jobId),
      uri: stored && uriOf(stored),
      cacheState,
      isOwned: owners.length > 0,
      lastUsedAt: isUsed ? FieldValue.serverTimestamp() : lastUsedAt,
    })
}

export function uriOf(object: { bucket: string; name: string }): string {
  return `gs://${object.bucket}/${object.name}`
}

/** Ids of the rows in which a sync waits. */
export async function filesAwaitedBy(db: Firestore, jobId: string): Promise<string[]> {
  const { docs } = await db.collection('model_files').where('waiterIds', 'array-contains', jobId).get()
  return docs.map(({ id }) => id)
}

/** Whether any row says that its bytes lie there. */
export async function isStoredFile(db: Firestore, object: { bucket: string; name: string }): Promise<boolean> {
  const { empty } = await db.collection('model_files').where('uri', '==', uriOf(object)).limit(1).get()
  return !empty
}
