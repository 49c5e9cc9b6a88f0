import { MAX_COMPOSE_SOURCES } from '#shared/transfer/publish.ts'
import { partBytesFor, partCountOf, type TransferLayout } from '#shared/transfer/transfer-plan.ts'
import type { CopyInput } from '../copy-input.ts'
import { manifestText } from '../manifest.ts'

/** What is known of a file's copy: what its source said at first, or the plan that was made of its first answer. */
export type KnownSize = Pick<TransferLayout, 'sizeBytes' | 'partBytes'>

/**
 * The most that a copy ever has in the bucket: the files that are done, and of the one under way its parts, the groups that
 * many parts are first put together to, and the file itself. A file whose size nobody knows yet counts with what is known of it.
 */
export function roomNeeded(
  input: Pick<CopyInput, 'layout' | 'files'>,
  known: (index: number) => KnownSize,
): { bytes: number; stayingBytes: number } {
  let finalBytes = 0
  let mostWorkBytes = 0
  for (const index of input.files.keys()) {
    const { sizeBytes, partBytes } = known(index)
    if (sizeBytes === null) continue
    finalBytes += sizeBytes
    const isGrouped = partCountOf(sizeBytes, partBytes) > MAX_COMPOSE_SOURCES
    mostWorkBytes = Math.max(mostWorkBytes, isGrouped ? 2 * sizeBytes : sizeBytes)
  }
  const stayingBytes = finalBytes + (input.layout === 'folder' ? manifestRoom(input) : 0)
  return { bytes: stayingBytes + mostWorkBytes, stayingBytes }
}

/** Of a file as its source has described it, before any answer. */
export function statedSize(sizeBytes: number | null, minPartBytes: number): KnownSize {
  return { sizeBytes, partBytes: partBytesFor(sizeBytes ?? 0, minPartBytes) }
}

/** A folder's list of contents, with the longest numbers. */
function manifestRoom({ files }: Pick<CopyInput, 'files'>): number {
  const longest = files.map(({ path }) => ({ path, sizeBytes: Number.MAX_SAFE_INTEGER, sha256: 'f'.repeat(64) }))
  return Buffer.byteLength(manifestText(longest))
}
