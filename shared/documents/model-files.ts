import { type DocumentReference, FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore'
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

/** A sync that waits for the file. */
export interface Waiter {
  jobId: string
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
}

export function modelFileRef(db: Firestore, id: string): DocumentReference {
  return db.collection('model_files').doc(id)
}

/** The row as it is inside a transaction; an empty one where there is none yet. */
export async function readModelFile(transaction: Transaction, db: Firestore, id: string): Promise<ModelFile> {
  const snapshot = await transaction.get(modelFileRef(db, id))
  const empty: ModelFile = { id, round: 0, copyJobId: null, waiters: [], stored: null, sameAs: null, users: [] }
  // The cast is safe: only the functions of this file write the collection.
  return snapshot.exists ? { ...empty, ...(snapshot.data() as ModelFile) } : empty
}

/** Writes the row. `waiterIds` and `uri` are for queries. */
export function writeModelFile(db: Firestore, file: ModelFile): Writes {
  const { stored, waiters } = file
  return (transaction) =>
    transaction.set(
      modelFileRef(db, file.id),
      {
        ...file,
        waiterIds: waiters.map(({ jobId }) => jobId),
        uri: stored && uriOf(stored),
        lastUsedAt: FieldValue.serverTimestamp(),
      },
      { merge: true },
    )
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
