import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import { type Model, toModel } from './model.ts'
import type { Writes } from './transaction.ts'

/** `syncing` is what the app writes to ask; newer versions of it also know `queued` and `error`, which we never write. */
export type SyncStatus = 'notsynced' | 'syncing' | 'synced'

export type StoredModel = Model & {
  updatedAt: Timestamp
  /** All that the document says. */
  fields: DocumentData
}

export function modelRef(db: Firestore, id: string): DocumentReference {
  return db.collection('ai_models').doc(id)
}

/** The model as it is inside a transaction, or null where there is no such document. */
export async function readModel(transaction: Transaction, db: Firestore, id: string): Promise<StoredModel | null> {
  return toStoredModel(await transaction.get(modelRef(db, id)))
}

/** The model of a snapshot, or null where there is no such document. */
export function toStoredModel(snapshot: DocumentSnapshot): StoredModel | null {
  const { updateTime } = snapshot
  if (!snapshot.exists || !updateTime) return null
  const fields = snapshot.data() ?? {}
  return { ...toModel(snapshot.id, fields), updatedAt: updateTime, fields }
}

/** What a sync found out of its file: written where the document says nothing of its own. */
export interface ModelFacts {
  baseModel: string | null
  triggerWords: string[]
  format: string | null
  dtype: string | null
  parameterCount: number | null
  /** Of a LoRA's training metadata; files that were stored before it was read lack it. */
  recommendedWeight?: number | null
}

/** Shows a model as synced: all that the app reads of it in one update. */
export function showSynced(
  db: Firestore,
  model: Model,
  shown: {
    gcsUri: string
    sha256: string | null
    sizeBytes: number
    facts: ModelFacts
    jobId: string
    /** Of our map, `registry`. */
    registration: Readonly<Record<string, unknown>>
  },
): Writes {
  const { facts } = shown
  return (transaction) =>
    transaction.update(modelRef(db, model.id), {
      syncStatus: 'synced' satisfies SyncStatus,
      gcsUri: shown.gcsUri,
      sha256: shown.sha256 ?? FieldValue.delete(),
      sizeBytes: shown.sizeBytes,
      syncedAt: FieldValue.serverTimestamp(),
      syncJobId: shown.jobId,
      ...noSyncError,
      ...(model.baseModel === null && facts.baseModel !== null ? { baseModel: facts.baseModel } : {}),
      ...(model.triggerWords.length === 0 && facts.triggerWords.length > 0 ? { triggerWords: facts.triggerWords } : {}),
      ...(facts.format !== null ? { format: facts.format } : {}),
      ...(facts.dtype !== null ? { dtype: facts.dtype } : {}),
      ...(facts.parameterCount !== null ? { parameterCount: facts.parameterCount } : {}),
      ...shown.registration,
    })
}

const noSyncError = {
  syncError: FieldValue.delete(),
  syncErrorCode: FieldValue.delete(),
  syncRetryAt: FieldValue.delete(),
}

/** Shows a final failure: back to where the user can ask again, with a code, a sentence and the job to follow. */
export function showNotSynced(
  db: Firestore,
  id: string,
  shown: { code: string; message: string; retryAt: Timestamp | null; jobId: string },
): Writes {
  return (transaction) =>
    transaction.update(modelRef(db, id), {
      syncStatus: 'notsynced' satisfies SyncStatus,
      syncError: shown.message,
      syncErrorCode: shown.code,
      syncRetryAt: shown.retryAt ?? FieldValue.delete(),
      syncJobId: shown.jobId,
    })
}

/** Shows no more than that it is not synced, in a document without room for why; what an earlier failure left makes room. */
export function showNotSyncedBriefly(db: Firestore, id: string): Writes {
  const notSynced = { syncStatus: 'notsynced' satisfies SyncStatus, ...noSyncError, syncJobId: FieldValue.delete() }
  return (transaction) => transaction.update(modelRef(db, id), notSynced)
}

/** Takes back that a model's file lies in the bucket; a sync that was asked for meanwhile goes on. */
export function showEvicted(db: Firestore, model: Model): Writes {
  return (transaction) =>
    transaction.update(modelRef(db, model.id), {
      gcsUri: FieldValue.delete(),
      ...(model.syncStatus === 'synced' ? { syncStatus: 'notsynced' satisfies SyncStatus } : {}),
    })
}
