import { crc32c } from '@node-rs/crc32'
import { invalid } from './failure.ts'
import type { Checksums } from './record.ts'

/** What a sender says that its bytes hash to; the server refuses what differs. */
export interface DeclaredChecksums {
  crc32c?: string
  md5Hash?: string
}

/** The CRC32C of bytes as they pass. */
export class RunningCrc32c {
  #crc = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  update(chunk: Uint8Array): void {
    this.#crc = crc32c(chunk, this.#crc)
    this.#sizeBytes += chunk.byteLength
  }

  /** Base64 of its big-endian bytes. */
  encoded(): string {
    return encodeCrc32c(this.#crc)
  }
}

export function encodeCrc32c(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc >>> 0)
  return bytes.toString('base64')
}

export function decodeCrc32c(encoded: string): number {
  return Buffer.from(encoded, 'base64').readUInt32BE()
}

/** Reads `x-goog-hash: crc32c=…,md5=…`; kinds that Cloud Storage does not know are ignored. */
export function parseGoogHash(header: string | undefined): DeclaredChecksums {
  const declared: DeclaredChecksums = {}
  for (const pair of (header ?? '').split(',')) {
    const separator = pair.indexOf('=')
    const kind = pair.slice(0, separator).trim().toLowerCase()
    const value = pair.slice(separator + 1).trim()
    if (kind === 'crc32c') declared.crc32c = value
    if (kind === 'md5') declared.md5Hash = value
  }
  return declared
}

/** Throws Cloud Storage's 400 where the stored bytes are not the ones that the sender hashed. */
export function assertDeclared(declared: DeclaredChecksums, actual: Checksums): void {
  if (declared.crc32c !== undefined && declared.crc32c !== actual.crc32c) {
    throw invalid(`Provided CRC32C "${declared.crc32c}" doesn't match calculated CRC32C "${actual.crc32c}".`)
  }
  if (declared.md5Hash !== undefined && actual.md5Hash !== null && declared.md5Hash !== actual.md5Hash) {
    throw invalid(`Provided MD5 hash "${declared.md5Hash}" doesn't match calculated MD5 hash "${actual.md5Hash}".`)
  }
}
