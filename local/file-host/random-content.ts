import { createCipheriv, createHash } from 'node:crypto'
import type { Content } from './content.ts'

/** Small enough that any two parts that a copy could swap differ; large enough that a write is mostly one view. */
const BLOCK_BYTES = 64 * 1024
const STAMP_BYTES = 4

/**
 * Pseudo-random bytes that cost nothing to read at any place: one block per seed, again and again, each time with its
 * number stamped over its first bytes, so that blocks swapped, shifted or repeated change the hash.
 */
export function randomContent(sizeBytes: number, seed: number): Content {
  const block = randomBlock(seed)
  return {
    sizeBytes,
    views(first, end) {
      const views: Buffer[] = []
      for (let at = first; at < end; ) {
        const index = Math.floor(at / BLOCK_BYTES)
        const from = at - index * BLOCK_BYTES
        const to = Math.min(end - index * BLOCK_BYTES, BLOCK_BYTES)
        if (from < STAMP_BYTES) views.push(stamp(block, index).subarray(from, Math.min(to, STAMP_BYTES)))
        if (to > STAMP_BYTES) views.push(block.subarray(Math.max(from, STAMP_BYTES), to))
        at = index * BLOCK_BYTES + to
      }
      return views
    },
  }
}

/** A block's number, mixed with the block's own first bytes. */
function stamp(block: Buffer, index: number): Buffer {
  const bytes = Buffer.from(block.subarray(0, STAMP_BYTES))
  bytes.writeUInt32LE((bytes.readUInt32LE(0) ^ index) >>> 0, 0)
  return bytes
}

function randomBlock(seed: number): Buffer {
  const key = createHash('sha256').update(`random content ${seed}`).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(BLOCK_BYTES))
}
