import { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import type { ReadAt } from '../formats/safetensors.ts'
import { archiveError } from './archive-error.ts'
import { readExactly, readPieces } from './byte-source.ts'
import { nameKey } from './entry-names.ts'
import { isArchiveStart, sniffedBytes } from './nested-archive.ts'
import { readZipDirectory } from './zip-directory.ts'
import { checkLocalHeader, lying, overlap, parseEntry, type ZipEntry } from './zip-entry.ts'
import { localBytes, stored } from './zip-records.ts'

export interface ArchiveLimits {
  maxEntries: number
  /** Of one entry, unpacked. */
  maxEntryBytes: number
  /** Of all entries, unpacked. */
  maxTotalBytes: number
  /** Unpacked bytes for one packed byte; judged where an entry has more than 64 KiB. */
  maxRatio: number
}

const ratioMattersBytes = 64 * 1024
const pieceBytes = 256 * 1024

/**
 * Lists a stranger's ZIP after every limit was held against its central directory; nothing is unpacked, and no more than
 * the directory is read. `read` gives the bytes of exactly this file.
 * @throws FinalError `archive.…`
 */
export async function listZip(params: {
  read: ReadAt
  sizeBytes: number
  limits: ArchiveLimits
}): Promise<readonly ZipEntry[]> {
  const { limits } = params
  const directory = await readZipDirectory({ ...params, maxEntries: limits.maxEntries })
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let totalBytes = 0
  let at = 0
  for (let index = 0; index < directory.count; index += 1) {
    const { entry, nextAt } = parseEntry(directory, at)
    checkSizes(entry, limits)
    totalBytes += entry.sizeBytes
    if (totalBytes > limits.maxTotalBytes) throw archiveError('too-large', 'is too large once it is unpacked')
    const key = nameKey(entry.name)
    if (names.has(key)) throw archiveError('duplicate-name', 'holds two files of one name', { name: entry.name })
    names.add(key)
    entries.push(entry)
    at = nextAt
  }
  if (at !== directory.bytes.length) throw archiveError('damaged', 'is damaged: it holds more files than it says')
  separate(entries)
  return entries
}

/**
 * An entry's bytes, unpacked as they are read and cut where they exceed what was said of them. The last chunk comes before
 * the checksum is judged: who keeps the bytes waits for the end.
 * @throws FinalError `archive.lying-header`, `.overlap`, `.damaged`, `.bad-checksum`, `.nested`, `.truncated`
 */
export async function* readZipEntry(read: ReadAt, entry: ZipEntry): AsyncGenerator<Buffer, void, undefined> {
  const headerBytes = localBytes + entry.nameBytes.length
  const start = checkLocalHeader(entry, await readExactly(read, entry.offset, headerBytes))
  const packed = readPieces(read, { offset: start, length: entry.compressedBytes, pieceBytes })
  const plain = entry.method === stored ? packed : inflate(packed, entry)
  let head: Buffer | null = Buffer.alloc(0)
  let sizeBytes = 0
  let crc = 0
  for await (const chunk of plain) {
    sizeBytes += chunk.length
    if (sizeBytes > entry.sizeBytes) throw lying(entry)
    crc = crc32(chunk, crc)
    if (head === null) {
      yield chunk
      continue
    }
    // Held back until it is known that no archive begins here.
    head = Buffer.concat([head, chunk])
    if (head.length < sniffedBytes && sizeBytes < entry.sizeBytes) continue
    if (isArchiveStart(head)) throw archiveError('nested', 'holds another archive', { name: entry.name })
    yield head
    head = null
  }
  if (sizeBytes !== entry.sizeBytes) throw lying(entry)
  if (crc !== entry.crc) throw archiveError('bad-checksum', 'holds a damaged file', { name: entry.name })
}

function checkSizes(entry: ZipEntry, limits: ArchiveLimits): void {
  const facts = { name: entry.name, sizeBytes: entry.sizeBytes, compressedBytes: entry.compressedBytes }
  if (entry.sizeBytes > ratioMattersBytes && entry.sizeBytes > entry.compressedBytes * limits.maxRatio) {
    throw archiveError('ratio', 'unpacks to far more than pictures ever do', facts)
  }
  if (entry.sizeBytes > limits.maxEntryBytes)
    throw archiveError('entry-too-large', 'holds a file that is too large', facts)
}

/** Gives every entry its own stretch of the file; shared ones make the bombs that grow without being packed twice. */
function separate(entries: readonly ZipEntry[]): void {
  const inOrder = entries.toSorted((left, right) => left.offset - right.offset)
  if (inOrder[0] !== undefined && inOrder[0].offset !== 0) throw archiveError('junk', 'has bytes before its first file')
  for (const [index, entry] of inOrder.entries()) {
    entry.endOffset = inOrder[index + 1]?.offset ?? entry.endOffset
    if (entry.offset + localBytes + entry.nameBytes.length + entry.compressedBytes > entry.endOffset)
      throw overlap(entry)
  }
}

async function* inflate(packed: AsyncIterable<Buffer>, entry: ZipEntry): AsyncGenerator<Buffer> {
  const source = Readable.from(packed, { objectMode: false })
  const unpacker = createInflateRaw({ chunkSize: 64 * 1024 })
  let sourceError: unknown = null
  source.on('error', (error) => {
    sourceError = error
    unpacker.destroy(error)
  })
  try {
    yield* source.pipe(unpacker)
    // What follows the end of the packed bytes would be a place to hide things.
    if (unpacker.bytesWritten !== entry.compressedBytes) throw lying(entry)
  } catch (error) {
    if (sourceError !== null) throw sourceError
    throw isZlibError(error) ? archiveError('damaged', 'holds a damaged file', { name: entry.name }) : error
  } finally {
    source.destroy()
    unpacker.destroy()
  }
}

function isZlibError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('Z_')
}
