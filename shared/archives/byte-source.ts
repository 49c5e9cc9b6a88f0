import type { ReadAt } from '../formats/safetensors.ts'
import { archiveError } from './archive-error.ts'

/** All the bytes of a range, in as many reads as it takes. Throws `archive.truncated` when they end before. */
export async function readExactly(read: ReadAt, offset: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let got = 0
  while (got < length) {
    const bytes = await read(offset + got, length - got)
    if (bytes.length === 0) throw archiveError('truncated', 'ends too early')
    const part = bytes.subarray(0, length - got)
    parts.push(part)
    got += part.length
  }
  return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts)
}

/** A range in pieces of at most `pieceBytes`. */
export async function* readPieces(
  read: ReadAt,
  range: { offset: number; length: number; pieceBytes: number },
): AsyncGenerator<Buffer> {
  for (let at = 0; at < range.length; ) {
    const bytes = await readExactly(read, range.offset + at, Math.min(range.pieceBytes, range.length - at))
    at += bytes.length
    yield bytes
  }
}
