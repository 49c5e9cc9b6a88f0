import {
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import * as z from 'zod'
import type { Writes } from './transaction.ts'

/** `syncing` is what the app writes to ask; newer versions of it also know `queued` and `error`, which we never write. */
export type SyncStatus = 'notsynced' | 'syncing' | 'synced'

const text = z.string().nullish().catch(null)
/** The app has strings where CivitAI has numbers; other writers have numbers. */
const idText = z
  .union([z.string(), z.number().int().transform(String), z.bigint().transform(String)])
  .nullish()
  .catch(null)
const texts = z.array(z.string()).nullish().catch(null)

/** What we read of the app's `ai_models/{id}`. Lenient: the document is the app's, and may be of any age. */
const modelSchema = z.object({
  name: text,
  type: text,
  engine: text,
  hf_id: text,
  civitaiModelId: idText,
  versionId: idText,
  civitaiFileId: idText,
  revision: text,
  file: text,
  allowPatterns: texts,
  ignorePatterns: texts,
  sourceUrl: text,
  sourceSha256: text,
  baseModel: text,
  triggerWords: texts,
  userId: text,
  syncStatus: text,
  gcsUri: text,
})

/** Where a model comes from, as its document says it. A change of any of it is another model to copy. */
export interface ModelSource {
  engine: string | null
  hfId: string | null
  civitaiModelId: string | null
  versionId: string | null
  /** Our own fields from here on: the app does not write them. */
  civitaiFileId: string | null
  /** Of a Hugging Face repository: branch, tag or commit; null for its main branch. */
  revision: string | null
  /** One file of a Hugging Face repository. */
  file: string | null
  allowPatterns: string[]
  ignorePatterns: string[]
  sourceUrl: string | null
  /** What the file at `sourceUrl` must be. */
  sourceSha256: string | null
}

/** A model as model-sync needs it. */
export interface Model {
  id: string
  name: string
  type: string | null
  /** Null for the models of the system. */
  userId: string | null
  syncStatus: string | null
  source: ModelSource
  baseModel: string | null
  triggerWords: string[]
  gcsUri: string | null
}

export type StoredModel = Model & { updatedAt: Timestamp }

export function modelRef(db: Firestore, id: string): DocumentReference {
  return db.collection('ai_models').doc(id)
}

/** Reads the fields of a model, as a snapshot or an event gives them. */
export function toModel(id: string, fields: unknown): Model {
  const found = modelSchema.catch({} as z.infer<typeof modelSchema>).parse(fields)
  return {
    id,
    name: found.name?.trim() || id,
    type: found.type ?? null,
    userId: found.userId || null,
    syncStatus: found.syncStatus ?? null,
    source: {
      engine: found.engine?.trim().toLowerCase() || null,
      hfId: filled(found.hf_id),
      civitaiModelId: filled(found.civitaiModelId),
      versionId: filled(found.versionId),
      civitaiFileId: filled(found.civitaiFileId),
      revision: filled(found.revision),
      file: filled(found.file),
      allowPatterns: found.allowPatterns ?? [],
      ignorePatterns: found.ignorePatterns ?? [],
      sourceUrl: filled(found.sourceUrl),
      sourceSha256: filled(found.sourceSha256)?.toLowerCase() ?? null,
    },
    baseModel: filled(found.baseModel),
    triggerWords: found.triggerWords ?? [],
    gcsUri: filled(found.gcsUri),
  }
}

function filled(value: string | null | undefined): string | null {
  return value?.trim() || null
}

/** Whether two documents ask for the same bytes. */
export function isSameSource(a: ModelSource, b: ModelSource): boolean {
  return JSON.stringify(a) === JSON.stringify(b) // Both made by `toModel`, with their fields in one order.
}

/** The model as it is inside a transaction, or null where there is no such document. */
export async function readModel(transaction: Transaction, db: Firestore, id: string): Promise<StoredModel | null> {
  return toStoredModel(await transaction.get(modelRef(db, id)))
}

/** The model of a snapshot, or null where there is no such document. */
export function toStoredModel(snapshot: DocumentSnapshot): StoredModel | null {
  const { updateTime } = snapshot
  if (!snapshot.exists || !updateTime) return null
  return { ...toModel(snapshot.id, snapshot.data()), updatedAt: updateTime }
}

/** What a sync found out of its file: written where the document says nothing of its own. */
export interface ModelFacts {
  baseModel: string | null
  triggerWords: string[]
  format: string | null
  dtype: string | null
  parameterCount: number | null
}

/** Shows a model as synced: all that the app reads of it in one update. */
export function showSynced(
  db: Firestore,
  model: Model,
  shown: { gcsUri: string; sha256: string | null; sizeBytes: number; facts: ModelFacts; jobId: string },
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
