import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { type CacheState, toModelFile } from '#shared/documents/model-files.ts'
import { reading } from '#shared/documents/reading.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import type { CacheDeps } from './cache-deps.ts'
import { type CacheLedger, ledgerRef, readLedger, readLedgerIn, writeLedger } from './ledger.ts'

/** Each round lost means that something came or went while the bucket was listed. */
const ROUNDS = 5

/** Makes the ledger of a bucket that has none, from what lies there. */
export async function ensureLedger(deps: CacheDeps): Promise<void> {
  if ((await readLedger(deps.db, deps.bucket)) === null) await countBucket(deps, 'first')
}

/**
 * Counts the bucket anew and corrects the ledger; `first`: only where there is none yet, `look`: changes nothing.
 * @returns what the ledger had said too much (0 for the first), or null when it was changed all the time, or is there already.
 */
export async function countBucket(
  deps: CacheDeps,
  mode: 'correct' | 'first' | 'look' = 'correct',
): Promise<{ driftBytes: number } | null> {
  const { db, bucket } = deps
  for (let round = 0; round < ROUNDS; round++) {
    const before = await reading(ledgerRef(db, bucket).get())
    const ledger = (before.data() as CacheLedger | undefined) ?? null // Only this folder writes the collection.
    if (mode === 'first' && ledger !== null) return null
    const { hasWork, ...counted } = await count(deps, ledger?.reserved ?? {})
    const isSet = await runTransaction(db, async (transaction) => {
      const snapshot = await transaction.get(ledgerRef(db, bucket))
      const isUnchanged = snapshot.exists
        ? before.updateTime !== undefined && snapshot.updateTime?.isEqual(before.updateTime)
        : !before.exists
      if (!isUnchanged) return false
      if (mode === 'look') return true
      const empty = { reserved: {}, staying: {}, waiting: {} }
      const countedAt = Timestamp.now()
      // Parts of a copy that goes on without having reserved anything yet: it will, and then they are counted twice.
      const isDoubtful = ledger === null && hasWork
      writeLedger(db, bucket, { ...(ledger ?? empty), ...counted, isDoubtful, countedAt })(transaction)
      return true
    })
    if (isSet) return { driftBytes: (ledger?.storedBytes ?? counted.storedBytes) - counted.storedBytes }
  }
  return null
}

/** Has the reconciler count the bucket anew. */
export async function doubtLedger(db: Firestore, bucket: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const ledger = await readLedgerIn(transaction, db, bucket)
    if (ledger !== null && !ledger.isDoubtful) writeLedger(db, bucket, { ...ledger, isDoubtful: true })(transaction)
  })
}

type Count = Pick<CacheLedger, 'storedBytes' | 'trainedBytes'>

/** What lies there, but for what a job's reservation covers. */
async function count(deps: CacheDeps, reserved: CacheLedger['reserved']): Promise<Count & { hasWork: boolean }> {
  const { store, bucket } = deps
  const sizes = new Map<string, number>()
  let storedBytes = 0
  let trainedBytes = 0
  let hasWork = false
  for await (const object of store.list(bucket, '')) {
    const owner = ownerOf(object)
    if (owner !== null && reserved[owner] !== undefined) continue
    sizes.set(keyOf(object), object.sizeBytes)
    storedBytes += object.sizeBytes
    if (object.name.startsWith('trained/')) trainedBytes += object.sizeBytes
    if (object.name.startsWith('work/')) hasWork = true
  }
  // Read only now: one that ends from here on changes the ledger, and one that begins was listed whole.
  for (const evicting of await evictedFiles(deps.db)) {
    storedBytes += evicting.countedBytes
    for (const object of evicting.objects) storedBytes -= sizes.get(keyOf(object)) ?? 0
  }
  return { storedBytes, trainedBytes, hasWork }
}

async function evictedFiles(db: Firestore) {
  const { docs } = await db
    .collection('model_files')
    .where('cacheState', '==', 'evicting' satisfies CacheState)
    .get()
  return docs.flatMap((found) => toModelFile(found.id, found.data()).evicting ?? [])
}

function keyOf({ name, generation }: { name: string; generation: string }): string {
  return `${generation} ${name}`
}

/** The job whose reservation an object is part of, as long as there is one. */
export function ownerOf({ name, metadata }: Pick<ObjectFacts, 'name' | 'metadata'>): string | null {
  const [top, second, third] = name.split('/')
  if (top === 'work') return second ?? null
  if (top === 'trained') return third ? jobId(trainingFinishNames.key({ trainingId: third })) : null
  return metadata.copyJobId ?? null
}
