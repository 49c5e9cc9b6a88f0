import type { Transaction } from '@google-cloud/firestore'
import type { EvictionDeps } from '#shared/cache/evict-file.ts'
import { forgetFile } from '#shared/cache/forget-file.ts'
import type { StoredFile } from '#shared/documents/model-files.ts'
import { type AppError, FinalError, NotBeforeError, TransientError } from '#shared/errors/app-error.ts'
import { manifestName } from '#shared/formats/folder-manifest.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobFailure, JobRecord } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { type CopyInput, copyJobNames } from './copy-input.ts'
import { type FileState, joinCopy } from './copy-waiters.ts'
import { publishModel, readWanted } from './publish-model.ts'
import { targetOf } from './published-names.ts'
import type { ResolvedModel } from './sources/resolved-model.ts'
import type { SyncInput } from './sync-input.ts'
import { type SyncNote, syncNoteOf } from './sync-job.ts'
import { removeUnkept, requireRoomToKeep } from './upload-room.ts'

export interface SyncJobDeps extends EvictionDeps {
  jobs: Pick<JobRunner, 'enqueue'>
  /** Has copies that wait for room look again: a file that a model names by now may go. */
  wakeCopies(): Promise<void>
  resolve(note: SyncNote, signal: AbortSignal): Promise<ResolvedModel>
  /** Lets the model name the file. @throws FinalError where it may not. */
  checkClaim(note: SyncNote, claim: { resolved: ResolvedModel; stored: StoredFile }): Promise<void>
  limits: { maxModelBytes: number; bytesPerDay: number; copyWaitMs: number; storageBytes: number }
}

/** A copy can end between two looks at it; more than a few times in a row is somebody else's trouble. */
const looksInARow = 4

/** From the wish to the synced document: what is it, is it here already, else wait for its copy; then show it. */
export async function runSyncJob(deps: SyncJobDeps, run: JobRun<SyncInput>): Promise<void> {
  const note = syncNoteOf(run)
  const resolved = await run.step('resolve', async () => {
    const found = await deps.resolve(note, run.signal)
    refuseTooMuch(found, deps.limits.maxModelBytes)
    return found
  })
  for (let look = 0; look < looksInARow; look++) {
    run.signal.throwIfAborted()
    const state = await join(deps, run, { note, resolved })
    switch (state.kind) {
      case 'failed':
        throw failureOf(state.failure)
      case 'copying':
        await advanceCopy(deps, { note, resolved, state })
        break
      case 'stored':
        if (await isStillThere(deps.store, state.stored)) {
          await deps.checkClaim(note, { resolved, stored: state.stored })
          await publish(deps, run, { note, resolved, stored: state.stored })
          return await deps.wakeCopies()
        }
        await forgetFile(deps, { fileId: resolved.fileId, gone: state.stored })
        break
      default:
        state satisfies never
    }
  }
  throw waits(new Date(deps.now().getTime() + deps.limits.copyWaitMs))
}

async function publish(
  deps: SyncJobDeps,
  run: JobRun<SyncInput>,
  found: { note: SyncNote; resolved: ResolvedModel; stored: StoredFile },
): Promise<void> {
  const limit = { mostBytes: deps.limits.storageBytes, now: deps.now() }
  try {
    await publishModel(deps.db, run, { ...found, limit })
  } catch (error) {
    await removeUnkept(deps, { jobId: run.id, fileId: found.resolved.fileId, error })
    throw error
  }
}

/** All of them are listed in the job's document, which holds 1 MiB. */
const maxFiles = 500

function refuseTooMuch({ files, totalBytes }: ResolvedModel, maxBytes: number): void {
  if (files.length > maxFiles) {
    throw new FinalError({
      code: 'sync.too-many-files',
      message: `The model has ${files.length} files; at most ${maxFiles} are copied. Choose with allowPatterns.`,
      facts: { files: files.length, maxFiles },
    })
  }
  if (totalBytes === null || totalBytes <= maxBytes) return
  throw new FinalError({
    code: 'sync.too-large',
    message: `The model has ${totalBytes} bytes; at most ${maxBytes} are copied.`,
    facts: { totalBytes, maxBytes },
  })
}

async function join(
  deps: SyncJobDeps,
  run: JobRun<SyncInput>,
  params: { note: SyncNote; resolved: ResolvedModel },
): Promise<FileState> {
  const { note, resolved } = params
  let state: FileState | null = null
  await run.commit(async (transaction) => {
    // Also for the sync whose cancellation nobody told us of.
    await readWanted(transaction, deps.db, { modelId: run.input.modelId, note })
    const joined = await joinCopy(transaction, deps.db, {
      fileId: resolved.fileId,
      waiter: { jobId: run.id, modelId: run.input.modelId },
      userId: note.userId,
      sizeBytes: resolved.totalBytes ?? 0,
      bytesPerDay: deps.limits.bytesPerDay,
    })
    state = joined.state
    if (state.kind !== 'stored') await requireUploadRoom(transaction, deps, params)
    return joined.writes
  })
  return state ?? neverCommitted()
}

/** What may not be kept need not be copied. Whether it may is decided when it has come. */
async function requireUploadRoom(
  transaction: Transaction,
  { db, limits, now }: SyncJobDeps,
  { note: { userId }, resolved }: { note: SyncNote; resolved: ResolvedModel },
): Promise<void> {
  if (resolved.files[0]?.locator.source !== 'upload' || userId === null) return
  const file = { userId, sha256: resolved.fileId, sizeBytes: resolved.totalBytes ?? 0 }
  await requireRoomToKeep(transaction, db, file, { mostBytes: limits.storageBytes, now: now() })
}

function neverCommitted(): never {
  throw new TransientError({ code: 'sync.not-joined', message: 'The sync could not find its place in the queue.' })
}

/** Sees to it that somebody works on the copy, and waits unless it has ended meanwhile. */
async function advanceCopy(
  deps: SyncJobDeps,
  params: { note: SyncNote; resolved: ResolvedModel; state: Extract<FileState, { kind: 'copying' }> },
): Promise<void> {
  const { note, resolved, state } = params
  const { copyWaitMs } = deps.limits
  const patience = new Date(deps.now().getTime() + copyWaitMs)
  const nobodyBefore = state.copy && busyUntil(state.copy)
  if (nobodyBefore && nobodyBefore > deps.now()) {
    // A copy that rests until its source takes requests again need not be looked at before.
    throw waits(state.copy?.lease ? patience : new Date(nobodyBefore.getTime() + copyWaitMs))
  }
  const outcome = await deps.jobs.enqueue(copyJobNames, copyInputOf(note, resolved, state))
  // Without a task queue the copy was made here and now.
  if (!hasEnded(outcome)) throw waits(patience)
}

/** Until when a copy is somebody's, or has to wait for its source. */
function busyUntil(copy: JobRecord): Date | null {
  return (copy.lease?.expiresAt ?? copy.retryAt)?.toDate() ?? null
}

function hasEnded({ kind }: Outcome): boolean {
  return kind === 'done' || kind === 'already-done' || kind === 'failed' || kind === 'canceled'
}

function waits(until: Date): JobWaitsError {
  return new JobWaitsError({ code: 'sync.copying', message: 'The file is being copied.', until })
}

function copyInputOf(note: SyncNote, resolved: ResolvedModel, state: { fileId: string; round: number }): CopyInput {
  // The row under which we were put names the hash where an earlier copy has told it.
  const knownSha256 = state.fileId === resolved.fileId ? null : state.fileId
  return {
    fileId: state.fileId,
    round: state.round,
    layout: resolved.layout,
    target: targetOf(note.name, resolved),
    files: resolved.files.map((file) => ({ ...file, sha256: file.sha256 ?? knownSha256 })),
  }
}

async function isStillThere(store: ObjectStore, stored: StoredFile): Promise<boolean> {
  const name = stored.name.endsWith('/') ? manifestName(stored.name) : stored.name
  return (await store.stat({ bucket: stored.bucket, name }, stored.generation)) !== null
}

/** What the copy failed of is what the sync fails of. */
function failureOf(failure: JobFailure): AppError {
  const { code, message } = failure
  return failure.retryAt
    ? new NotBeforeError({ code, message, retryAt: failure.retryAt.toDate() })
    : new FinalError({ code, message })
}
