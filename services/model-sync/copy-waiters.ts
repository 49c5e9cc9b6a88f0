import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import {
  filesAwaitedBy,
  type ModelFile,
  readModelFile,
  type StoredFile,
  type Waiter,
  writeModelFile,
} from '#shared/documents/model-files.ts'
import { runTransaction, type Writes } from '#shared/documents/transaction.ts'
import { countDailyUse } from '#shared/documents/usage.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { type JobFailure, type JobRecord, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { copyJobNames } from './copy-input.ts'

/** How a sync stands to the file that it needs. */
export type FileState =
  | { kind: 'stored'; stored: StoredFile }
  /** A copy is under way, or has to be begun: `round` of it is ours to wait for. */
  | { kind: 'copying'; fileId: string; round: number; copy: JobRecord | null }
  /** The copy that this sync waited for has failed. */
  | { kind: 'failed'; failure: JobFailure }

export interface JoinRequest {
  fileId: string
  waiter: Waiter
  /** Whose daily bytes the copy counts against; null for the system's models. */
  userId: string | null
  sizeBytes: number
  bytesPerDay: number
}

/**
 * Finds the file stored, or puts the sync on the list of those who wait for its copy and says which copy that is. Two
 * syncs that come at once get the same one. Its reads are part of a fenced transaction of the sync.
 * @throws FinalError `sync.daily-cap` when the user has had their bytes of today.
 */
export async function joinCopy(
  transaction: Transaction,
  db: Firestore,
  request: JoinRequest,
): Promise<{ state: FileState; writes: Writes }> {
  const { waiter } = request
  const named = await readModelFile(transaction, db, request.fileId)
  const file = named.sameAs === null ? named : await readModelFile(transaction, db, named.sameAs)
  const current = file.copyJobId === null ? null : await transaction.get(jobRef(db, file.copyJobId))
  const copy = current && toJobRecord(current)
  const isListed = file.waiters.some(({ jobId: listed }) => listed === waiter.jobId)
  if (file.stored) return { state: { kind: 'stored', stored: file.stored }, writes: nothing }
  if (copy?.state === 'failed' && copy.failure && isListed) {
    return { state: { kind: 'failed', failure: copy.failure }, writes: nothing }
  }
  // A copy that is not in the books yet was begun by a sync that died before it had recorded it.
  const isUnderWay = file.copyJobId !== null && (copy === null || copy.finishedAt === null)
  const round = isUnderWay ? file.round : file.round + 1
  const copyJobId = jobId(copyJobNames.key({ fileId: file.id, round }))
  const state: FileState = { kind: 'copying', fileId: file.id, round, copy: isUnderWay ? copy : null }
  if (isUnderWay && isListed) return { state, writes: nothing }
  const count = await countBytes(transaction, db, request)
  const waiters = isUnderWay ? [...file.waiters, waiter] : [waiter]
  const joined: ModelFile = { ...file, round, copyJobId, waiters }
  return {
    state,
    writes(writing) {
      writeModelFile(db, joined)(writing)
      count(writing)
    },
  }
}

async function countBytes(transaction: Transaction, db: Firestore, request: JoinRequest): Promise<Writes> {
  const { userId, sizeBytes, bytesPerDay } = request
  if (userId === null || bytesPerDay === 0) return nothing
  const use = await countDailyUse(transaction, db, {
    userId,
    counter: 'syncBytes',
    amount: sizeBytes,
    most: bytesPerDay,
    now: Timestamp.now(),
  })
  if (use.kind === 'within') return use.writes
  throw new FinalError({
    code: 'sync.daily-cap',
    message: `This account may have ${bytesPerDay} bytes copied a day and has no room left for ${sizeBytes}; the next chance is after ${use.nextDay.toISOString()}.`,
  })
}

/** Takes a sync off every list on which it waits. A copy that nobody waits for stops at its next look at the list. */
export async function leaveCopies(db: Firestore, syncJobId: string): Promise<void> {
  for (const fileId of await filesAwaitedBy(db, syncJobId)) {
    await runTransaction(db, async (transaction) => {
      const file = await readModelFile(transaction, db, fileId)
      const waiters = file.waiters.filter((waiter) => waiter.jobId !== syncJobId)
      writeModelFile(db, { ...file, waiters })(transaction)
    })
  }
}

const nothing: Writes = () => {}
