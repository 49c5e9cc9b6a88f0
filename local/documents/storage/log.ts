import { closeSync, fdatasync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/** An append-only file. What `append` was given survives the death of this process at once, and a power cut when `flushed` says so. */
export interface AppendLog {
  append(bytes: Buffer): void
  /** Settles when everything appended so far is on the disk; calls share one sync. */
  flushed(): Promise<void>
  /** Blocks until everything appended so far is on the disk. */
  syncNow(): void
  sizeBytes(): number
  close(): Promise<void>
}

/** Opens `path` for appending after its first `startBytes` bytes, which hold whole records. */
export function openAppendLog(path: string, startBytes: number): AppendLog {
  const file = openSync(path, 'a')
  let size = startBytes
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  const sync = () =>
    new Promise<void>((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())))

  // A sync that is under way may have begun before the last append, so a newcomer waits for the one after it.
  const flushed = (): Promise<void> => {
    if (running === null) {
      running = sync().finally(() => {
        running = null
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null
        return flushed()
      })
    return next
  }

  return {
    append(bytes) {
      try {
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      } catch (error) {
        // Half a record in the middle would make everything after it unreadable.
        ftruncateSync(file, size)
        throw error
      }
      size += bytes.length
    },
    flushed,
    syncNow: () => fdatasyncSync(file),
    sizeBytes: () => size,
    async close() {
      while (running !== null || next !== null) await (next ?? running)
      fsyncSync(file)
      closeSync(file)
    },
  }
}
