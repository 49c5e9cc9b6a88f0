import type { Firestore, Transaction } from '@google-cloud/firestore'
import { readCachedFile } from '#shared/cache/cached-file.ts'
import { type EvictionDeps, evictFile } from '#shared/cache/evict-file.ts'
import { hasRoomToKeep, readUsage } from '#shared/documents/quotas.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { uploadReservation } from '#shared/registry/registration/model-uploads.ts'
import { leaveCopies } from './copy-waiters.ts'

/** Of a person's own file that is to be kept. */
export interface UploadToKeep {
  userId: string
  sha256: string
  sizeBytes: number
}

/** What a user's files may take together (0: any amount), and when that is judged. */
export interface StorageLimit {
  mostBytes: number
  now: Date
}

const code = 'quota.storage'

/**
 * Lets a file be kept for which its owner has room now: an upload may end long after room was asked for it, and its reservation.
 * Only reads. @throws FinalError `quota.storage`
 */
export async function requireRoomToKeep(
  transaction: Transaction,
  db: Firestore,
  { userId, sha256, sizeBytes }: UploadToKeep,
  { mostBytes, now }: StorageLimit,
): Promise<void> {
  if (mostBytes === 0) return
  const usage = await readUsage(transaction, db, userId)
  if (hasRoomToKeep(usage, { key: uploadReservation(sha256), bytes: sizeBytes, mostBytes, now })) return
  throw new FinalError({
    code,
    message: `There is no room left to keep this file (${sizeBytes} bytes; all of yours may take ${mostBytes}); remove some first, then sync it again.`,
    facts: { sizeBytes, mostBytes },
  })
}

/** Removes a file that was copied for a sync which may not keep it, unless somebody else has or awaits it. */
export async function removeUnkept(
  deps: EvictionDeps,
  refused: { jobId: string; fileId: string; error: unknown },
): Promise<void> {
  const { jobId, fileId, error } = refused
  if (!(error instanceof FinalError) || error.code !== code) return
  await leaveCopies(deps.db, jobId)
  const file = await readCachedFile(deps.db, fileId)
  if (file !== null && file.modelIds.length === 0) await evictFile(deps, file)
}
