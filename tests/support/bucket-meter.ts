import type { ObjectChange } from '#local/bucket/server.ts'

/** What lies in one bucket, after every single change of it. */
export interface BucketMeter {
  onObjectChange(change: ObjectChange): void
  /** Now. */
  readonly bytes: number
  /** The most that ever lay there. */
  readonly mostBytes: number
  readonly samples: number
  /** Forgets what the most was. */
  restart(): void
}

export function createBucketMeter(bucket: string): BucketMeter {
  const sizes = new Map<string, number>()
  let bytes = 0
  let mostBytes = 0
  let samples = 0
  return {
    onObjectChange({ type, bucket: where, object }) {
      if (where !== bucket || type === 'metadataUpdated') return
      const size = type === 'finalized' ? Number(object.size) : 0
      bytes += size - (sizes.get(object.name) ?? 0)
      sizes.set(object.name, size)
      samples += 1
      mostBytes = Math.max(mostBytes, bytes)
    },
    get bytes() {
      return bytes
    },
    get mostBytes() {
      return mostBytes
    },
    get samples() {
      return samples
    },
    restart() {
      mostBytes = bytes
      samples = 0
    },
  }
}
