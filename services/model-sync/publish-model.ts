import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import { addOwner } from '#shared/documents/file-owners.ts'
import { isSameSource } from '#shared/documents/model.ts'
import {
  type FileOwner,
  type ModelFile,
  readModelFile,
  type StoredFile,
  uriOf,
  writeModelFile,
} from '#shared/documents/model-files.ts'
import { readModel, type StoredModel, showSynced } from '#shared/documents/models.ts'
import { syncedRegistration } from '#shared/documents/synced-registration.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import { countDailyUse } from '#shared/documents/usage.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ResolvedModel } from './sources/resolved-model.ts'
import type { SyncInput } from './sync-input.ts'
import type { SyncNote } from './sync-job.ts'
import { requireRoomToKeep, type StorageLimit } from './upload-room.ts'

/**
 * Ends a sync: the model's document says where the file lies, in one fenced transaction.
 * @throws FinalError `quota.storage` where the file is its owner's upload, and they have no room left
 */
export async function publishModel(
  db: Firestore,
  run: JobRun<SyncInput>,
  params: { note: SyncNote; resolved: ResolvedModel; stored: StoredFile; limit: StorageLimit },
): Promise<void> {
  const { note, resolved, stored, limit } = params
  const gcsUri = uriOf(stored)
  const { sha256, sizeBytes } = stored
  await run.complete({ gcsUri, sha256, sizeBytes }, async (transaction) => {
    const model = await readWanted(transaction, db, { modelId: run.input.modelId, note })
    const file = await readStored(transaction, db, { fileId: resolved.fileId, stored })
    const owned = ownerOf(model, { resolved, file })
    // The system's counts against nobody.
    if (owned !== null && owned.userId !== null) {
      await requireRoomToKeep(transaction, db, { userId: owned.userId, sha256: file.id, sizeBytes }, limit)
    }
    const facts = {
      ...stored.facts,
      baseModel: resolved.baseModel ?? stored.facts.baseModel,
      triggerWords: resolved.triggerWords.length > 0 ? resolved.triggerWords : stored.facts.triggerWords,
    }
    const countBytes = await countUnstated(transaction, db, { resolved, sizeBytes, userId: model.userId })
    const sourceVersionId = versionAt(resolved)
    const registration = syncedRegistration(model, { facts, sizeBytes, sha256, sourceVersionId })
    return (writing) => {
      showSynced(db, model, { gcsUri, sha256, sizeBytes, facts, jobId: run.id, registration })(writing)
      const users = [...new Set([...file.users, model.id])]
      const waiters = file.waiters.filter((waiter) => waiter.jobId !== run.id)
      const { file: row, count } = owned === null ? { file, count: () => {} } : addOwner(db, file, owned)
      writeModelFile(db, { ...row, users, waiters }, { isUsed: true })(writing)
      count(writing)
      countBytes(writing)
    }
  })
}

/** Counts what nobody could count when the copy was joined, since its source told no length: the next sync is measured by it. */
async function countUnstated(
  transaction: Transaction,
  db: Firestore,
  synced: { resolved: ResolvedModel; sizeBytes: number; userId: string | null },
): Promise<Writes> {
  const { resolved, sizeBytes, userId } = synced
  if (resolved.totalBytes !== null || userId === null) return () => {}
  const most = Number.POSITIVE_INFINITY
  const use = { userId, counter: 'syncBytes', amount: sizeBytes, most, now: Timestamp.now() }
  const counted = await countDailyUse(transaction, db, use)
  return counted.kind === 'within' ? counted.writes : () => {}
}

/**
 * Whose upload the model was made of; null for any other source. Who has sent nothing, since they see the bytes anyway, keeps
 * nothing: otherwise anybody could pin what they have had copied from elsewhere, and have it counted without being asked for room.
 */
function ownerOf({ id, userId }: StoredModel, at: { resolved: ResolvedModel; file: ModelFile }): FileOwner | null {
  const locator = at.resolved.files[0]?.locator
  if (locator?.source !== 'upload') return null
  const isSent = locator.generation !== null || at.file.owners.some((owner) => owner.userId === userId)
  return isSent || userId === null ? { userId, modelId: id } : null
}

/** What the source calls the version that was copied. */
function versionAt({ files }: ResolvedModel): string | null {
  const locator = files[0]?.locator
  if (locator?.source === 'civitai') return locator.modelVersionId
  return locator?.source === 'huggingface' ? locator.commit : null
}

/**
 * The model, provided that it still asks for what was found for it.
 * @throws CanceledError when it does not.
 */
export async function readWanted(
  transaction: Transaction,
  db: Firestore,
  wish: { modelId: string; note: SyncNote },
): Promise<StoredModel> {
  const model = await readModel(transaction, db, wish.modelId)
  const canceled = (code: string, message: string) => new CanceledError({ code, message })
  if (!model) throw canceled('sync.model-deleted', 'The model was deleted.')
  if (model.syncStatus !== 'syncing') throw canceled('sync.not-wanted', 'Nobody waits for this sync any more.')
  if (!isSameSource(model.source, wish.note.source)) {
    throw canceled('sync.source-changed', 'The model names another file now; that one is synced instead.')
  }
  return model
}

/** The row, provided that it still says what we are about to tell the user. */
async function readStored(
  transaction: Transaction,
  db: Firestore,
  expected: { fileId: string; stored: StoredFile },
): Promise<ModelFile> {
  const named = await readModelFile(transaction, db, expected.fileId)
  const file = named.sameAs === null ? named : await readModelFile(transaction, db, named.sameAs)
  const { stored } = file
  if (stored?.name === expected.stored.name && stored.generation === expected.stored.generation) return file
  throw new TransientError({
    code: 'sync.file-gone',
    message: 'The copied file was removed again before the model could name it; it is looked for once more.',
  })
}
