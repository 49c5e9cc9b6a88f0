import { removeOwners } from '#shared/documents/file-owners.ts'
import { readModelFile, type StoredFile, uriOf, writeModelFile } from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { CacheDeps } from './cache-deps.ts'
import { bytesOf } from './cached-file.ts'
import { changeLedger } from './ledger.ts'
import { unlinkModels } from './unlink-models.ts'

/**
 * Forgets a file that is no longer where its row says (deleted by hand), and takes it from the models that name it, unless the row
 * says something newer.
 * @returns the models that named it, or null where nothing was to be forgotten.
 */
export async function forgetFile(
  { db, bucket }: Pick<CacheDeps, 'db' | 'bucket'>,
  params: { fileId: string; gone: Pick<StoredFile, 'name' | 'generation'> },
): Promise<readonly string[] | null> {
  const { gone } = params
  return await runTransaction(db, async (transaction) => {
    const named = await readModelFile(transaction, db, params.fileId)
    const row = named.sameAs === null ? named : await readModelFile(transaction, db, named.sameAs)
    const { stored } = row
    if (stored?.name !== gone.name || stored.generation !== gone.generation) return null
    const unlink = await unlinkModels(transaction, db, { uri: uriOf(stored), modelIds: row.users })
    // Of a folder some files may be left: they are found when the bucket is counted.
    const count = await changeLedger(transaction, db, bucket, (ledger) => ({
      ...ledger,
      storedBytes: ledger.storedBytes - bytesOf(row),
      isDoubtful: true,
    }))
    const owned = removeOwners(db, row, () => true)
    writeModelFile(db, { ...owned.file, stored: null, users: [], leases: {}, countedBytes: 0 })(transaction)
    unlink(transaction)
    count(transaction)
    owned.count(transaction)
    return row.users
  })
}
