import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { lockDirectory } from '#local/directory-lock.ts'
import { type AppendLog, openAppendLog } from './log.ts'
import { type CommitRecord, decodeRecord, encodeRecord } from './record.ts'

/** A log larger than this and than twice the last snapshot is replaced by a new snapshot. */
const COMPACT_ABOVE_BYTES = 16 * 1024 * 1024
const SNAPSHOT_CHUNK_BYTES = 1024 * 1024

/** The commits of a server on disk: a snapshot of all documents and the log of what came after it. */
export interface Journal {
  append(record: CommitRecord): void
  /** Settles when everything appended so far is on the disk. */
  flushed(): Promise<void>
  close(): Promise<void>
}

export interface JournalOptions {
  dataDir: string
  /** Called for each record found, oldest first, before openJournal returns. */
  replay: (record: CommitRecord) => void
  /** The present documents, for a snapshot; may change while it is read. */
  snapshot: () => Iterable<CommitRecord>
  compactAboveBytes?: number
}

/**
 * Loads what `dataDir` holds (making it when absent) and continues its log. @throws Error when another server uses the
 * directory, or when a file is damaged beyond a torn end.
 */
export function openJournal(options: JournalOptions): Journal {
  mkdirSync(options.dataDir, { recursive: true })
  const unlock = lockDirectory(options.dataDir, 'document server')
  try {
    return loadJournal(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function loadJournal(options: JournalOptions, unlock: () => void): Journal {
  const { dataDir, compactAboveBytes = COMPACT_ABOVE_BYTES } = options
  const path = (kind: 'log' | 'snapshot', number: number) => join(dataDir, `${kind}-${String(number).padStart(8, '0')}`)
  const numbersOf = (kind: 'log' | 'snapshot') =>
    readdirSync(dataDir)
      .map((name) => new RegExp(`^${kind}-(\\d{8})$`).exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((left, right) => left - right)

  const base = numbersOf('snapshot').at(-1) ?? 0
  let snapshotBytes = base === 0 ? 0 : replayFile(path('snapshot', base), options.replay, 'whole')
  const logs = numbersOf('log').filter((number) => number >= base)
  let current = logs.at(-1) ?? base
  let size = 0
  for (const number of logs)
    size = replayFile(path('log', number), options.replay, number === current ? 'torn' : 'whole')
  let log: AppendLog = openAppendLog(path('log', current), size)
  syncDirectory(dataDir)
  let compaction: Promise<void> | null = null
  let closing = false

  // The snapshot may hold later states than its start: the new log, replayed over it, ends in the same state.
  const compact = async () => {
    // A rare blocking sync: what is acknowledged from here on needs only the new log on the disk.
    const previous = log
    previous.syncNow()
    log = openAppendLog(path('log', current + 1), 0)
    current++
    const target = path('snapshot', current)
    const bytes = await writeSnapshot(`${target}.tmp`, options.snapshot(), () => closing)
    await previous.close()
    if (bytes === null) return rmSync(`${target}.tmp`, { force: true })
    renameSync(`${target}.tmp`, target)
    syncDirectory(dataDir)
    snapshotBytes = bytes
    for (const number of numbersOf('log')) if (number < current) rmSync(path('log', number))
    for (const number of numbersOf('snapshot')) if (number < current) rmSync(path('snapshot', number))
  }

  return {
    append(record) {
      log.append(encodeRecord(record))
      if (compaction !== null || log.sizeBytes() < Math.max(compactAboveBytes, 2 * snapshotBytes)) return
      compaction = compact()
        // The logs hold everything; the next time the log has grown it is tried again.
        .catch((error) => process.emitWarning(`No snapshot of ${dataDir} could be written: ${error}`))
        .finally(() => {
          compaction = null
        })
    },
    flushed: () => log.flushed(),
    async close() {
      closing = true
      await compaction
      await log.close()
      unlock()
    },
  }
}

/** Gives the bytes of whole records; a torn end is cut off where the last log may have one. */
function replayFile(path: string, replay: (record: CommitRecord) => void, end: 'torn' | 'whole'): number {
  const bytes = readFileSync(path)
  let offset = 0
  for (let found = decodeRecord(bytes, offset); found !== null; found = decodeRecord(bytes, offset)) {
    replay(found.record)
    offset = found.next
  }
  if (offset === bytes.length) return offset
  if (end === 'whole') throw new Error(`${path} is damaged at byte ${offset}; restore it or remove the data directory.`)
  truncateSync(path, offset)
  return offset
}

/** Gives the bytes written, null when told to stop. */
async function writeSnapshot(
  path: string,
  records: Iterable<CommitRecord>,
  stopped: () => boolean,
): Promise<number | null> {
  const file = await open(path, 'w')
  try {
    return await writeRecords(file, records, stopped)
  } finally {
    await file.close()
  }
}

async function writeRecords(
  file: FileHandle,
  records: Iterable<CommitRecord>,
  stopped: () => boolean,
): Promise<number | null> {
  let written = 0
  let chunk: Buffer[] = []
  let chunkBytes = 0
  for (const record of records) {
    const bytes = encodeRecord(record)
    chunk.push(bytes)
    chunkBytes += bytes.length
    if (chunkBytes < SNAPSHOT_CHUNK_BYTES) continue
    await file.appendFile(Buffer.concat(chunk))
    if (stopped()) return null
    written += chunkBytes
    chunk = []
    chunkBytes = 0
  }
  await file.appendFile(Buffer.concat(chunk))
  await file.sync()
  return written + chunkBytes
}

/** Makes renames and new files in the directory durable. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  fsyncSync(directory)
  closeSync(directory)
}
