import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { finishEviction } from '#shared/cache/evict-file.ts'
import { changeLedger, withoutJob } from '#shared/cache/ledger.ts'
import { readModelFile, type StoredFile, writeModelFile } from '#shared/documents/model-files.ts'
import type { SyncProgress } from '#shared/documents/sync-progress.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { CopyRoom, type CopyRoomDeps } from './cache/copy-room.ts'
import type { KnownSize } from './cache/room-needed.ts'
import type { CopyInput } from './copy-input.ts'
import { type CopiedFile, type CopyFileDeps, copyOneFile } from './copy-one-file.ts'
import { watchCopy } from './copy-watch.ts'
import { writeManifest } from './manifest.ts'

export interface CopyJobDeps extends CopyFileDeps {
  db: Firestore
  store: ObjectStore
  bucket: string
  /** How often progress is written, and the list of waiters looked at. */
  lookEveryMs: number
  room: CopyRoomDeps
}

/** Copies, verifies and publishes a file or a folder, as long as somebody waits for it. */
export async function runCopyJob(deps: CopyJobDeps, run: JobRun<CopyInput>): Promise<void> {
  const { input } = run
  const unwanted = new AbortController()
  const signal = AbortSignal.any([run.signal, unwanted.signal])
  let progress: SyncProgress | null = null
  const watch = watchCopy({
    db: deps.db,
    run,
    progress: () => progress,
    everyMs: deps.lookEveryMs,
    onEnd: (reason) => unwanted.abort(reason),
  })
  try {
    await watch.look()
    await finishEviction(deps, input.fileId)
    const room = roomOf(deps, run, (refusal) => unwanted.abort(refusal))
    await room.take()
    const totalBytes = totalOf(input)
    const copied: CopiedFile[] = []
    let doneBytes = 0
    for (const index of input.files.keys()) {
      const file = await copyOneFile(deps, run, {
        index,
        room,
        signal,
        onProgress: (now) => {
          const sizeBytes = input.files.length === 1 ? now.sizeBytes : totalBytes
          progress = { ...now, doneBytes: doneBytes + now.doneBytes, sizeBytes, ...eta(now, doneBytes, sizeBytes) }
        },
      })
      copied.push(file)
      doneBytes += file.sizeBytes
    }
    progress = finished(progress, doneBytes)
    const { stored, bytes } = await storedOf(deps, run, copied)
    // The same bytes from elsewhere may be on their way out.
    if (stored.sha256 !== null) await finishEviction(deps, stored.sha256)
    const isDoubtful = copied.some(({ isAdopted }) => isAdopted)
    await run.complete(
      { name: stored.name, sha256: stored.sha256, sizeBytes: stored.sizeBytes },
      record(deps, run, { stored, bytes, isDoubtful }),
    )
  } finally {
    await watch.stop()
  }
}

function totalOf({ files }: CopyInput): number | null {
  let total = 0
  for (const { sizeBytes } of files) {
    if (sizeBytes === null) return null
    total += sizeBytes
  }
  return total
}

/** Of the whole folder, where a file's own estimate would begin anew with each. */
function eta(
  now: { doneBytes: number; bytesPerSecond: number },
  before: number,
  sizeBytes: number | null,
): { etaSeconds: number | null } {
  if (sizeBytes === null || now.bytesPerSecond <= 0) return { etaSeconds: null }
  return { etaSeconds: Math.max(0, Math.ceil((sizeBytes - before - now.doneBytes) / now.bytesPerSecond)) }
}

function finished(last: SyncProgress | null, doneBytes: number): SyncProgress {
  const bytesPerSecond = last?.bytesPerSecond ?? 0
  return { phase: 'publishing', doneBytes, sizeBytes: doneBytes, bytesPerSecond, etaSeconds: 0, lanes: 0 }
}

/** What is copied, and how many bytes of the bucket it takes. */
async function storedOf(
  deps: CopyJobDeps,
  run: JobRun<CopyInput>,
  copied: readonly CopiedFile[],
): Promise<{ stored: StoredFile; bytes: number }> {
  const { bucket, store } = deps
  const { input } = run
  const [first] = copied
  if (input.layout === 'file' && first) {
    const { name, generation, sizeBytes, sha256, facts } = first
    return { stored: { bucket, name, generation, sizeBytes, sha256, facts }, bytes: sizeBytes }
  }
  const manifest = await writeManifest(store, { bucket, prefix: input.target, copyJobId: run.id, files: copied })
  const sizeBytes = copied.reduce((sum, file) => sum + file.sizeBytes, 0)
  const facts = (copied.find((file) => file.facts.dtype !== null) ?? first)?.facts ?? noFacts
  const stored = { bucket, name: input.target, generation: manifest.generation, sizeBytes, sha256: null, facts }
  return { stored, bytes: sizeBytes + manifest.sizeBytes }
}

const noFacts = { baseModel: null, triggerWords: [], format: null, dtype: null, parameterCount: null }

/** Writes where the bytes lie, under their SHA-256 too if only now anybody knows it, and counts what was only reserved. */
function record(
  deps: Pick<CopyJobDeps, 'db' | 'bucket' | 'now'>,
  run: JobRun<CopyInput>,
  copied: { stored: StoredFile; bytes: number; isDoubtful: boolean },
): TransactionPart {
  const { db, bucket } = deps
  const { fileId } = run.input
  const { stored, bytes, isDoubtful } = copied
  return async (transaction) => {
    const file = await readModelFile(transaction, db, fileId)
    const { sha256 } = stored
    const isOwnRow = sha256 === null || sha256 === fileId
    const row = isOwnRow ? file : await readModelFile(transaction, db, sha256)
    if (row.evicting !== null) throw beingEvicted()
    // Somebody may have copied the same bytes from elsewhere meanwhile: models name theirs already, and ours is removed.
    const isFirst = row.stored === null
    const count = await changeLedger(transaction, db, bucket, (ledger) => {
      const others = withoutJob(ledger, run.id)
      if (!isFirst) return { ...ledger, reserved: { ...ledger.reserved, [run.id]: bytes } }
      const storedBytes = ledger.storedBytes + bytes
      return { ...others, storedBytes, isDoubtful: ledger.isDoubtful || isDoubtful }
    })
    return (writing) => {
      if (!isOwnRow) writeModelFile(db, { ...file, sameAs: sha256 })(writing)
      const customTime = Timestamp.fromDate(deps.now())
      const next = { ...row, stored, countedBytes: bytes, customTime, isCustomTimeDue: false }
      if (isFirst) writeModelFile(db, next, { isUsed: true })(writing)
      count(writing)
    }
  }
}

function beingEvicted(): TransientError {
  const message = 'The same file is being evicted from the cache in this moment; it is looked at again.'
  return new TransientError({ code: 'cache.evicting', message })
}

/** A refusal in mid-file ends the copy by its signal: thrown where a part is written it would be tried again. */
function roomOf(deps: CopyJobDeps, run: JobRun<CopyInput>, refuse: (refusal: unknown) => void) {
  const room = new CopyRoom(deps.room, run)
  return {
    take: () => room.take(),
    learn: (index: number, layout: KnownSize | null) => room.learn(index, layout),
    async grow(index: number, partIndex: number) {
      try {
        await room.grow(index, partIndex)
      } catch (error) {
        refuse(error)
        throw error
      }
    },
  }
}
