import type { ReadAt } from '../formats/safetensors.ts'
import { archiveError } from './archive-error.ts'
import { readExactly } from './byte-source.ts'
import { endBytes, signatures } from './zip-records.ts'

export interface ZipDirectory {
  count: number
  offset: number
  bytes: Buffer
}

const maxCommentBytes = 0xffff
/** What one entry's record may take on average, its name and extra fields included. */
const maxRecordBytes = 1024

/**
 * Finds and reads the central directory: it and the end record must be the last bytes of the file, as every program that
 * packs writes them. Reads no more than `maxEntries` could take.
 * @throws FinalError `archive.damaged`, `.junk`, `.ambiguous`, `.zip64`, `.too-many-entries`, `.directory-too-large`, `.empty`
 */
export async function readZipDirectory(params: {
  read: ReadAt
  sizeBytes: number
  maxEntries: number
}): Promise<ZipDirectory> {
  const { read, sizeBytes, maxEntries } = params
  if (sizeBytes < endBytes) throw archiveError('damaged', 'is not a ZIP file')
  const tailBytes = Math.min(sizeBytes, endBytes + maxCommentBytes)
  const tail = await readExactly(read, sizeBytes - tailBytes, tailBytes)
  const at = findEnd(tail)
  const endOffset = sizeBytes - tailBytes + at
  const record = tail.subarray(at)
  const [disk, directoryDisk] = [record.readUInt16LE(4), record.readUInt16LE(6)]
  const [here, count] = [record.readUInt16LE(8), record.readUInt16LE(10)]
  const [length, offset] = [record.readUInt32LE(12), record.readUInt32LE(16)]
  const hasLocator = at >= 20 && tail.readUInt32LE(at - 20) === signatures.zip64Locator
  if (hasLocator || count === 0xffff || length === 0xffff_ffff || offset === 0xffff_ffff) throw zip64()
  if (disk !== 0 || directoryDisk !== 0 || here !== count) throw archiveError('unsupported', 'is a part of several')
  if (count === 0) throw archiveError('empty', 'holds no files')
  if (count > maxEntries) {
    throw archiveError('too-many-entries', `holds ${count} files; at most ${maxEntries} are taken`, { count })
  }
  if (length > maxEntries * maxRecordBytes) throw archiveError('directory-too-large', 'has an endless list of files')
  if (offset + length > endOffset) throw archiveError('damaged', 'is damaged: its list of files is cut off')
  if (offset + length < endOffset) throw archiveError('junk', 'has bytes that belong to no file')
  return { count, offset, bytes: await readExactly(read, offset, length) }
}

/** For sizes that only an archive beyond 4 GB needs: what is smaller has them to deceive. */
export function zip64() {
  return archiveError('zip64', 'is made for more than 4 GB (ZIP64); pack it again in the plain format')
}

/** The place of the only end record whose comment ends with the file. */
function findEnd(tail: Buffer): number {
  const found: number[] = []
  let isElsewhere = false
  const mark = Buffer.from('PK\x05\x06', 'latin1')
  for (let at = tail.indexOf(mark); at >= 0; at = tail.indexOf(mark, at + 1)) {
    if (at + endBytes <= tail.length && at + endBytes + tail.readUInt16LE(at + 20) === tail.length) found.push(at)
    else isElsewhere = true
  }
  const [first, ...others] = found
  if (others.length > 0) throw archiveError('ambiguous', 'has two lists of its files')
  if (first !== undefined) return first
  if (isElsewhere) throw archiveError('junk', 'has bytes behind its end')
  throw archiveError('damaged', 'is not a ZIP file, or its end is missing')
}
