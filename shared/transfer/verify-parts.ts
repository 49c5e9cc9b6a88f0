import { decodeCrc32c, encodeCrc32c } from '#shared/objects/crc32c.ts'
import { combineCrc32c } from '#shared/objects/crc32c-combine.ts'
import { ContentHash } from './content-hash.ts'
import type { PartStore, StoredPart } from './part-store.ts'
import type { SourceFile } from './source-file.ts'

/** The CRC32C of parts put together, from theirs alone; base64. */
export function crc32cOf(parts: readonly { crc32c: string; sizeBytes: number }[]): string {
  const value = parts.reduce((sum, part) => combineCrc32c(sum, decodeCrc32c(part.crc32c), part.sizeBytes), 0)
  return encodeCrc32c(value)
}

/** Hashes stored parts in one pass of its own. */
export async function hashParts(
  store: PartStore,
  parts: readonly StoredPart[],
  sizeBytes: number,
  signal: AbortSignal,
) {
  const hash = ContentHash.begin(sizeBytes)
  for (const part of parts) {
    for await (const chunk of store.read(part, signal)) hash.update(chunk)
  }
  return hash.digest()
}

/** What of a complete copy is not as its source stated, or null. What the source did not state can't be wrong. */
export function compareWithStatement(copy: {
  file: SourceFile
  stated: { sha256: string | null }
  sizeBytes: number
  sha256: string
  gitBlobSha1: string | null
}): { code: 'transfer.hash-mismatch' | 'transfer.size-mismatch'; facts: Record<string, unknown> } | null {
  const { file, stated, sizeBytes, sha256, gitBlobSha1 } = copy
  if (file.sizeBytes !== null && file.sizeBytes !== sizeBytes) {
    return { code: 'transfer.size-mismatch', facts: { statedBytes: file.sizeBytes, sizeBytes } }
  }
  const statedSha256 = (file.sha256 ?? stated.sha256)?.toLowerCase() ?? null
  if (statedSha256 !== null && statedSha256 !== sha256) {
    return { code: 'transfer.hash-mismatch', facts: { statedSha256, sha256 } }
  }
  if (file.gitBlobSha1 !== null && file.gitBlobSha1.toLowerCase() !== gitBlobSha1) {
    return { code: 'transfer.hash-mismatch', facts: { statedGitBlobSha1: file.gitBlobSha1, gitBlobSha1 } }
  }
  return null
}
