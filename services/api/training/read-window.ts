import type { ReadAt } from '#shared/formats/safetensors.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'

/** An archive is read in small pieces, nearly all of them in order: one request for some dozens of these. */
const windowBytes = 4 * 1024 * 1024

/** Reads anywhere in an object of the bucket, at its generation, with one stretch of it in memory. */
export function readWindow(
  streams: ObjectStreams,
  object: Pick<ObjectFacts, 'bucket' | 'name' | 'generation' | 'sizeBytes'>,
  signal: AbortSignal,
): ReadAt {
  const { generation, sizeBytes } = object
  let window = { offset: 0, bytes: Buffer.alloc(0) }
  return async (offset, length) => {
    const isWithin = offset >= window.offset && offset < window.offset + window.bytes.length
    if (!isWithin) {
      const last = Math.min(sizeBytes, offset + Math.max(length, windowBytes)) - 1
      if (last < offset) return Buffer.alloc(0)
      const chunks: Buffer[] = []
      for await (const chunk of streams.read(object, { generation, range: { first: offset, last }, signal })) {
        chunks.push(chunk)
      }
      window = { offset, bytes: Buffer.concat(chunks) }
    }
    return window.bytes.subarray(offset - window.offset, offset - window.offset + length)
  }
}
