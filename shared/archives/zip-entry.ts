import { archiveError } from './archive-error.ts'
import { checkEntryName } from './entry-names.ts'
import { isArchiveName } from './nested-archive.ts'
import { zip64 } from './zip-directory.ts'
import { centralBytes, deflated, flags, localBytes, signatures, stored } from './zip-records.ts'

export interface ZipEntry {
  name: string
  isFolder: boolean
  /** As the archive says; held to it when the bytes are read. */
  sizeBytes: number
  compressedBytes: number
  crc: number
  method: number
  flags: number
  /** Of the local header. */
  offset: number
  /** Where the next entry begins, or the directory: nothing of this one lies beyond. */
  endOffset: number
  nameBytes: Buffer
}

/** Kinds of file in the upper half of the external attributes, where Unix keeps its mode. */
const fileKinds = { mask: 0xf000, link: 0xa000, plain: 0x8000, folder: 0x4000 }

/** Parses the record at `at`. `endOffset` is the directory's until the entries are in order. */
export function parseEntry(
  directory: { bytes: Buffer; offset: number },
  at: number,
): { entry: ZipEntry; nextAt: number } {
  const { bytes } = directory
  if (at + centralBytes > bytes.length || bytes.readUInt32LE(at) !== signatures.central) {
    throw archiveError('damaged', 'is damaged: its list of files cannot be read')
  }
  const record = bytes.subarray(at)
  const nameLength = record.readUInt16LE(28)
  const nextAt = at + centralBytes + nameLength + record.readUInt16LE(30) + record.readUInt16LE(32)
  if (nextAt > bytes.length) throw archiveError('damaged', 'is damaged: its list of files cannot be read')
  const nameBytes = record.subarray(centralBytes, centralBytes + nameLength)
  const name = decodeName(nameBytes, record.readUInt16LE(8))
  const entry: ZipEntry = {
    name,
    isFolder: name.endsWith('/'),
    flags: record.readUInt16LE(8),
    method: record.readUInt16LE(10),
    crc: record.readUInt32LE(16),
    compressedBytes: record.readUInt32LE(20),
    sizeBytes: record.readUInt32LE(24),
    offset: record.readUInt32LE(42),
    endOffset: directory.offset,
    nameBytes,
  }
  if ([entry.compressedBytes, entry.sizeBytes, entry.offset].includes(0xffff_ffff)) throw zip64()
  if (record.readUInt16LE(34) !== 0) throw archiveError('unsupported', 'is a part of several')
  checkKind(entry, record.readUInt32LE(38) >>> 16)
  return { entry, nextAt }
}

function checkKind(entry: ZipEntry, unixMode: number): void {
  checkEntryName(entry.name)
  const facts = { name: entry.name }
  const kind = unixMode & fileKinds.mask
  if (kind === fileKinds.link) throw archiveError('link', 'holds a symbolic link', facts)
  if (![0, fileKinds.plain, fileKinds.folder].includes(kind)) {
    throw archiveError('special-file', 'holds something that is not a file', facts)
  }
  if (entry.flags & (flags.encrypted | flags.strong | flags.masked)) {
    throw archiveError('encrypted', 'is protected by a password', facts)
  }
  if ((entry.method !== stored && entry.method !== deflated) || entry.flags & flags.patch) {
    throw archiveError('unsupported', 'is packed by a method that we do not read; pack it as an ordinary ZIP', facts)
  }
  if (entry.method === stored && entry.compressedBytes !== entry.sizeBytes) throw lying(entry)
  if (entry.isFolder && entry.sizeBytes > 0) throw lying(entry)
  if (isArchiveName(entry.name)) throw archiveError('nested', 'holds another archive', facts)
}

/**
 * Holds the local header (and its extra fields) against what the directory says, and returns where the bytes begin.
 * @throws FinalError `archive.lying-header`, `archive.overlap`
 */
export function checkLocalHeader(entry: ZipEntry, header: Buffer): number {
  if (header.readUInt32LE(0) !== signatures.local) throw lying(entry)
  const nameLength = header.readUInt16LE(26)
  const start = entry.offset + localBytes + nameLength + header.readUInt16LE(28)
  if (start + entry.compressedBytes > entry.endOffset) throw overlap(entry)
  const sizesFollow = (entry.flags & flags.sizesFollow) !== 0
  const agrees = (said: number, known: number) =>
    said === known || (sizesFollow && (said === 0 || said === 0xffff_ffff))
  const isTrue =
    header.subarray(localBytes, localBytes + nameLength).equals(entry.nameBytes) &&
    header.readUInt16LE(8) === entry.method &&
    ((header.readUInt16LE(6) ^ entry.flags) & (flags.encrypted | flags.sizesFollow)) === 0 &&
    agrees(header.readUInt32LE(14), entry.crc) &&
    agrees(header.readUInt32LE(18), entry.compressedBytes) &&
    agrees(header.readUInt32LE(22), entry.sizeBytes)
  if (!isTrue) throw lying(entry)
  return start
}

/** Two places of the archive tell different things of an entry, or its bytes tell another. */
export function lying(entry: { name: string }) {
  return archiveError('lying-header', 'says one thing of a file and holds another', { name: entry.name })
}

export function overlap(entry: { name: string }) {
  return archiveError('overlap', 'holds files that lie on top of each other', { name: entry.name })
}

/** UTF-8 where it is said or where it fits; older programs wrote a code page of their own, which one nobody says. */
function decodeName(bytes: Buffer, flag: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    if (flag & flags.utf8) throw archiveError('bad-name', 'holds a file whose name cannot be read')
    return bytes.toString('latin1').replace(/[\x80-\x9f]/g, '_')
  }
}
