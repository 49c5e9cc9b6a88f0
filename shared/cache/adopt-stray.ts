import { addOwner } from '#shared/documents/file-owners.ts'
import { type ModelFile, readModelFile, type StoredFile, uriOf, writeModelFile } from '#shared/documents/model-files.ts'
import { readModel } from '#shared/documents/models.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { isUploadOf } from '#shared/registry/registration/model-uploads.ts'
import { ownerOf } from './count-bucket.ts'
import { type HashDeps, hashObject } from './file-contents.ts'
import { changeLedger, readLedger } from './ledger.ts'

export type Stray =
  /** Of a copy that goes on. */
  | { kind: 'in-work' }
  /** Its provenance and its bytes agree: it is the file that it says, and may be taken into the index. */
  | { kind: 'known'; sha256: string }
  | { kind: 'unknown'; detail: string }

/** Looks at an object below models/ that no row names. */
export async function judgeStray(
  deps: HashDeps,
  object: ObjectFacts,
  options: { signal: AbortSignal; onBytes(bytes: number): void },
): Promise<Stray> {
  const { sha256, copyJobId } = object.metadata
  const ledger = await readLedger(deps.db, deps.bucket)
  const owner = ownerOf(object)
  if (owner !== null && ledger?.reserved[owner] !== undefined) return { kind: 'in-work' }
  if (sha256 === undefined || copyJobId === undefined) {
    return { kind: 'unknown', detail: 'No copy of ours has put it there.' }
  }
  const found = await hashObject(deps, object, options)
  if (found !== sha256)
    return { kind: 'unknown', detail: `Its bytes have the SHA-256 ${found}, its label says another.` }
  return { kind: 'known', sha256 }
}

/**
 * Takes an object into the index, with the models that name it already, and keeps it for those that were made of an upload.
 * @returns where the same bytes are stored already; null where they were not, and the object is in the index now.
 */
export async function adoptStray(
  deps: Pick<HashDeps, 'db' | 'bucket'>,
  stray: { object: ObjectFacts; sha256: string; modelIds: readonly string[] },
): Promise<string | null> {
  const { db, bucket } = deps
  const { object, sha256, modelIds } = stray
  const { name, generation, sizeBytes } = object
  const facts = { baseModel: null, triggerWords: [], format: null, dtype: null, parameterCount: null }
  const stored: StoredFile = { bucket, name, generation, sizeBytes, sha256, facts }
  return await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, sha256)
    if (row.stored !== null) return uriOf(row.stored)
    if (row.evicting !== null) return uriOf(row.evicting)
    // Whether it was counted before nobody knows.
    const doubt = await changeLedger(transaction, db, bucket, (ledger) => ({ ...ledger, isDoubtful: true }))
    const models = await Promise.all(modelIds.map((id) => readModel(transaction, db, id)))
    const users = [...new Set([...row.users, ...modelIds])]
    let file: ModelFile = { ...row, stored, users, countedBytes: sizeBytes }
    for (const model of models) {
      if (!model || !isUploadOf(model.source, sha256)) continue
      const kept = addOwner(db, file, { modelId: model.id, userId: model.userId })
      file = kept.file
      kept.count(transaction)
    }
    writeModelFile(db, file, { isUsed: true })(transaction)
    doubt(transaction)
    return null
  })
}
