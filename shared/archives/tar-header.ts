import { archiveError } from './archive-error.ts'

export const blockBytes = 512

export interface TarHeader {
  name: string
  sizeBytes: number
  /** One character; NUL of old archives is '0'. */
  type: string
}

/**
 * Reads a header block (POSIX ustar, GNU's base-256 sizes); null for the block of zeros that ends an archive.
 * @throws FinalError `archive.damaged`
 */
export function parseTarHeader(block: Buffer): TarHeader | null {
  if (block.every((byte) => byte === 0)) return null
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (readNumber(block.subarray(148, 156)) !== sum) throw damaged()
  const name = readText(block.subarray(0, 100))
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? readText(block.subarray(345, 500)) : ''
  const type = block.toString('latin1', 156, 157)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    sizeBytes: readNumber(block.subarray(124, 136)),
    type: type === '\0' ? '0' : type,
  }
}

/** The records of a PAX header: `<length> <key>=<value>\n`, the length counting itself. Throws `archive.damaged`. */
export function parsePax(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 ? '' : bytes.toString('latin1', at, space)
    const end = at + Number(digits)
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > bytes.length || end <= space || bytes[end - 1] !== 0x0a) throw damaged()
    const record = bytes.toString('utf8', space + 1, end - 1)
    const equals = record.indexOf('=')
    if (equals < 1) throw damaged()
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at = end
  }
  return records
}

export function readText(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

/** Whole bytes in decimal, as PAX writes them. */
export function readDecimal(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw damaged()
  return Number(text)
}

function readNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = BigInt(`0x${field.toString('hex')}`) & ~(0x80n << BigInt((field.length - 1) * 8))
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged()
    return Number(value)
  }
  const text = readText(field).trim()
  if (text !== '' && !/^[0-7]+$/.test(text)) throw damaged()
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function damaged() {
  return archiveError('damaged', 'is damaged, or no TAR file')
}
