import type { Firestore } from '@google-cloud/firestore'
import { uploadReservation } from '#shared/registry/registration/model-uploads.ts'
import type { FileOwner, ModelFile } from './model-files.ts'
import { keepStorage } from './quotas.ts'
import type { Writes } from './transaction.ts'

/**
 * Whose a file is. One that people have uploaded can be fetched from nowhere else: it is pinned as long as a model is there
 * that was made of an upload, and counts against the storage of each of their owners, once for all of their models.
 * Pin and count change in the transaction that changes the row, so that they agree whenever somebody dies.
 */
export interface OwnershipChange {
  /** The row as it is to be written. */
  file: ModelFile
  /** What the owners' storage says then. */
  count: Writes
}

/** Keeps a stored file for a model's owner. */
export function addOwner(db: Firestore, file: ModelFile, owner: FileOwner): OwnershipChange {
  const others = file.owners.filter(({ modelId }) => modelId !== owner.modelId)
  return changed(db, { ...file, pinned: true }, [...others, owner])
}

/** Keeps it no longer for models that are gone, or name another file; for nobody any more it is unpinned, too. */
export function removeOwners(db: Firestore, file: ModelFile, isGone: (modelId: string) => boolean): OwnershipChange {
  const left = file.owners.filter(({ modelId }) => !isGone(modelId))
  // What an operator has pinned and nobody has uploaded stays pinned.
  const wasFreed = file.owners.length > 0 && left.length === 0
  return changed(db, wasFreed ? { ...file, pinned: false } : file, left)
}

function changed(db: Firestore, file: ModelFile, owners: FileOwner[]): OwnershipChange {
  const before = usersOf(file.owners)
  const after = usersOf(owners)
  const bytes = file.stored?.sizeBytes ?? 0
  const key = uploadReservation(file.id)
  const counts = [
    ...after.filter((userId) => !before.includes(userId)).map((userId) => keepStorage(db, { userId, key, bytes })),
    ...before
      .filter((userId) => !after.includes(userId))
      .map((userId) => keepStorage(db, { userId, key, bytes: null })),
  ]
  return {
    file: { ...file, owners },
    count: (writing) => {
      for (const count of counts) count(writing)
    },
  }
}

/** The system's models count against nobody. */
function usersOf(owners: readonly FileOwner[]): string[] {
  return [...new Set(owners.flatMap(({ userId }) => userId ?? []))]
}
