import { createHash, type Hash } from 'node:crypto'

/** Bytes of any length that need not be in memory. */
export interface Content {
  readonly sizeBytes: number
  /** The bytes from `first` up to, but without, `end`, as views that nobody may change. */
  views(first: number, end: number): Buffer[]
}

export function bytesContent(bytes: Buffer): Content {
  return { sizeBytes: bytes.byteLength, views: (first, end) => [bytes.subarray(first, end)] }
}

/** One content after the other. */
export function joinContents(head: Content, tail: Content): Content {
  const border = head.sizeBytes
  return {
    sizeBytes: border + tail.sizeBytes,
    views(first, end) {
      const views = first < border ? head.views(first, Math.min(end, border)) : []
      return end > border ? [...views, ...tail.views(Math.max(first - border, 0), end - border)] : views
    },
  }
}

/** The same bytes but for the one at `position`. */
export function flipByte(content: Content, position: number): Content {
  return {
    sizeBytes: content.sizeBytes,
    views(first, end) {
      if (position < first || position >= end) return content.views(first, end)
      const [byte = 0] = Buffer.concat(content.views(position, position + 1))
      return [...content.views(first, position), Buffer.of(byte ^ 0xff), ...content.views(position + 1, end)]
    },
  }
}

const HASH_BYTES = 1024 * 1024

/** Feeds the whole content to a hash. About a second for 2 GiB of SHA-256, on the calling thread. */
export function hashContent(content: Content, algorithm: 'sha256' | 'sha1', prefix = ''): string {
  const hash: Hash = createHash(algorithm).update(prefix)
  for (let first = 0; first < content.sizeBytes; first += HASH_BYTES) {
    for (const view of content.views(first, Math.min(first + HASH_BYTES, content.sizeBytes))) hash.update(view)
  }
  return hash.digest('hex')
}
