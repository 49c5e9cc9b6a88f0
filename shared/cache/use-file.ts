import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore'
import {
  type ModelFile,
  modelFileRef,
  readModelFile,
  toModelFile,
  writeModelFile,
} from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'

/** Uses within it are one: the order of what was used last is no finer. */
const touchEveryMs = 60_000
/** Colder storage is a matter of weeks. */
const customTimeEveryMs = 86_400_000

/**
 * Notes that a file is used in this moment. What the bucket is to know of it (the objects' custom time, once a day) is told by
 * model-sync's reconciler, so that a reader needs no right to change objects. Nothing happens where there is no such row.
 */
export async function touchFile(deps: { db: Firestore }, use: { fileId: string }): Promise<void> {
  const ref = modelFileRef(deps.db, use.fileId)
  const found = await ref.get()
  if (!found.exists) return
  const row = toModelFile(use.fileId, found.data())
  const { lastUsedAt } = row
  const nowMs = found.readTime.toMillis()
  if (lastUsedAt !== null && nowMs - lastUsedAt.toMillis() < touchEveryMs) return
  const isCustomTimeDue = isCustomTimeOld(row, nowMs)
  await ref.update({ lastUsedAt: FieldValue.serverTimestamp(), ...(isCustomTimeDue ? { isCustomTimeDue } : {}) })
}

/**
 * Notes a use that a log tells of; one that was earlier than the last changes nothing. Nobody can have used it in the future:
 * a log of a clock that is ahead means now.
 * @returns false where the file is not, or no longer, in the cache.
 */
export async function noteUse(db: Firestore, use: { fileId: string; usedAt: Date }): Promise<boolean> {
  return await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, use.fileId)
    if (row.stored === null) return false
    const usedAtMs = Math.min(use.usedAt.getTime(), Date.now())
    if (row.lastUsedAt !== null && row.lastUsedAt.toMillis() >= usedAtMs) return true
    const lastUsedAt = Timestamp.fromMillis(usedAtMs)
    const isCustomTimeDue = row.isCustomTimeDue || isCustomTimeOld(row, usedAtMs)
    writeModelFile(db, { ...row, lastUsedAt, isCustomTimeDue })(transaction)
    return true
  })
}

/**
 * Keeps a file from being evicted until a time, in the name of `holder` (whose earlier promise is replaced); a use of it too.
 * @returns false where the file is not, or no longer, in the cache: then nothing may be promised.
 */
export async function holdFile(db: Firestore, hold: { fileId: string; holder: string; until: Date }): Promise<boolean> {
  return await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, hold.fileId)
    if (row.stored === null) return false
    const live = Object.entries(row.leases).filter(([, until]) => until.toMillis() > Date.now())
    const leases = { ...Object.fromEntries(live), [hold.holder]: Timestamp.fromDate(hold.until) }
    const isCustomTimeDue = row.isCustomTimeDue || isCustomTimeOld(row, Date.now())
    writeModelFile(db, { ...row, leases, isCustomTimeDue }, { isUsed: true })(transaction)
    return true
  })
}

/**
 * Pins a file (never evicted until it is unpinned), or unpins it.
 * @returns false where the cache has no such file.
 */
export async function pinFile(db: Firestore, pin: { fileId: string; pinned: boolean }): Promise<boolean> {
  return await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, pin.fileId)
    if (row.stored === null) return false
    writeModelFile(db, { ...row, pinned: pin.pinned })(transaction)
    return true
  })
}

/** Whether the bucket does not know of a use at that time. */
function isCustomTimeOld({ customTime }: Pick<ModelFile, 'customTime'>, usedAtMs: number): boolean {
  return customTime === null || usedAtMs - customTime.toMillis() > customTimeEveryMs
}
