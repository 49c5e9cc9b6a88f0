import type { Firestore } from '@google-cloud/firestore'
import { readModelFile, type StoredFile, writeModelFile } from '#shared/documents/model-files.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { CopyInput } from './copy-input.ts'
import { type CopiedFile, type CopyFileDeps, copyOneFile } from './copy-one-file.ts'
import { watchCopy } from './copy-watch.ts'
import { writeManifest } from './manifest.ts'
import type { SyncProgress } from './sync-progress.ts'

export interface CopyJobDeps extends CopyFileDeps {
  db: Firestore
  store: ObjectStore
  bucket: string
  /** How often progress is written, and the list of waiters looked at. */
  lookEveryMs: number
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
    const totalBytes = totalOf(input)
    const copied: CopiedFile[] = []
    let doneBytes = 0
    for (const index of input.files.keys()) {
      const file = await copyOneFile(deps, run, {
        index,
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
    const stored = await storedOf(deps, run, copied)
    await run.complete(
      { name: stored.name, sha256: stored.sha256, sizeBytes: stored.sizeBytes },
      record(deps.db, run, stored),
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

async function storedOf(deps: CopyJobDeps, run: JobRun<CopyInput>, copied: readonly CopiedFile[]): Promise<StoredFile> {
  const { bucket, store } = deps
  const { input } = run
  const [first] = copied
  if (input.layout === 'file' && first) {
    const { name, generation, sizeBytes, sha256, facts } = first
    return { bucket, name, generation, sizeBytes, sha256, facts }
  }
  const manifest = await writeManifest(store, { bucket, prefix: input.target, copyJobId: run.id, files: copied })
  const sizeBytes = copied.reduce((sum, file) => sum + file.sizeBytes, 0)
  const facts = (copied.find((file) => file.facts.dtype !== null) ?? first)?.facts ?? noFacts
  return { bucket, name: input.target, generation: manifest.generation, sizeBytes, sha256: null, facts }
}

const noFacts = { baseModel: null, triggerWords: [], format: null, dtype: null, parameterCount: null }

/** Writes where the bytes lie, under their SHA-256 too if only now anybody knows it. */
function record(db: Firestore, run: JobRun<CopyInput>, stored: StoredFile): TransactionPart {
  const { fileId } = run.input
  return async (transaction) => {
    const file = await readModelFile(transaction, db, fileId)
    const { sha256 } = stored
    const isOwnRow = sha256 === null || sha256 === fileId
    const row = isOwnRow ? file : await readModelFile(transaction, db, sha256)
    return (writing) => {
      if (!isOwnRow) writeModelFile(db, { ...file, sameAs: sha256 })(writing)
      // Somebody may have copied the same bytes from elsewhere meanwhile: models name theirs already, and ours is removed.
      if (row.stored === null) writeModelFile(db, { ...row, stored })(writing)
    }
  }
}
