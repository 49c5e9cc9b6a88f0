import { invalid } from '../http/failure.ts'
import type { Checksums } from '../storage/record.ts'

/** What a sender says that its bytes hash to; the server refuses what differs. */
export interface DeclaredChecksums {
  crc32c?: string
  md5Hash?: string
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
