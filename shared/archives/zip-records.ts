/** The records of a ZIP file as APPNOTE.TXT 6.3 lays them out (§4.3.7, §4.3.9, §4.3.12, §4.3.16). All numbers are little-endian. */
export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end: 0x06054b50,
  zip64Locator: 0x07064b50,
} as const

/** Bytes before the name, the extra fields and the comment. */
export const localBytes = 30
export const centralBytes = 46
export const endBytes = 22

export const stored = 0
export const deflated = 8

/** Bits of the general purpose flag (§4.4.4). */
export const flags = { encrypted: 1, sizesFollow: 8, patch: 32, strong: 64, utf8: 2048, masked: 8192 } as const

export interface WrittenEntry {
  name: Buffer
  method: number
  flags: number
  crc: number
  compressedBytes: number
  sizeBytes: number
  offset: number
}

/** 1 January 1980, the first day that the format knows: the same photos make the same archive. */
const fixedDosDate = 0x0021
/** 2.0: deflate, no ZIP64. */
const version = 20
/** A plain file, readable by all, as Unix writes it. */
const plainFile = (0o100644 << 16) >>> 0

/** What both headers say of an entry (§4.3.7, from "version needed" on to the name's length). */
function common(entry: WrittenEntry, sizes: { crc: number; compressedBytes: number; sizeBytes: number }): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt16LE(version, 0)
  bytes.writeUInt16LE(entry.flags, 2)
  bytes.writeUInt16LE(entry.method, 4)
  bytes.writeUInt16LE(fixedDosDate, 8)
  bytes.writeUInt32LE(sizes.crc, 10)
  bytes.writeUInt32LE(sizes.compressedBytes, 14)
  bytes.writeUInt32LE(sizes.sizeBytes, 18)
  bytes.writeUInt16LE(entry.name.length, 22)
  return bytes
}

export function localHeader(entry: WrittenEntry): Buffer {
  const sizes = entry.flags & flags.sizesFollow ? { crc: 0, compressedBytes: 0, sizeBytes: 0 } : entry
  return Buffer.concat([uint32(signatures.local), common(entry, sizes), Buffer.alloc(2), entry.name])
}

export function dataDescriptor(entry: WrittenEntry): Buffer {
  const { crc, compressedBytes, sizeBytes } = entry
  return Buffer.concat([signatures.descriptor, crc, compressedBytes, sizeBytes].map(uint32))
}

export function centralHeader(entry: WrittenEntry): Buffer {
  const rest = Buffer.alloc(16)
  rest.writeUInt32LE(plainFile, 8)
  rest.writeUInt32LE(entry.offset, 12)
  const madeBy = Buffer.from([version, 3])
  return Buffer.concat([uint32(signatures.central), madeBy, common(entry, entry), rest, entry.name])
}

export function endRecord(directory: { count: number; sizeBytes: number; offset: number }): Buffer {
  const bytes = Buffer.alloc(endBytes)
  bytes.writeUInt32LE(signatures.end, 0)
  bytes.writeUInt16LE(directory.count, 8)
  bytes.writeUInt16LE(directory.count, 10)
  bytes.writeUInt32LE(directory.sizeBytes, 12)
  bytes.writeUInt32LE(directory.offset, 16)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
