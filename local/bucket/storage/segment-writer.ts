import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { UPLOAD_QUANTUM_BYTES } from '../hashing/aligned-crc32c.ts'
import type { FollowedMd5, Md5Threads } from '../hashing/md5-threads.ts'
import type { Durability } from './durable-file.ts'

/** Chunks are gathered up to this size before they go to the file: one system call a mebibyte instead of sixteen. */
const GATHER_BYTES = 1024 * 1024
/** Written bytes are pushed to the disk in the background this often, so that the last sync has little left to do. */
const BACKGROUND_SYNC_BYTES = 32 * 1024 * 1024

interface SegmentWriterOptions {
  id: string
  handle: FileHandle
  durability: Durability
  md5Threads: Md5Threads
  /** The length that the file has; it is appended to. */
  sizeBytes: number
}

/**
 * Appends a stream of chunks to one content file and takes the MD5 of the whole. One write is under way while the next is
 * gathered, and what is written is hashed beside that.
 */
export class SegmentWriter {
  readonly id: string
  readonly #handle: FileHandle
  readonly #durability: Durability
  readonly #md5Threads: Md5Threads
  #md5: FollowedMd5 | null = null
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #writtenBytes: number
  #unsyncedBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> | null = null

  constructor({ id, handle, durability, md5Threads, sizeBytes }: SegmentWriterOptions) {
    this.id = id
    this.#handle = handle
    this.#durability = durability
    this.#md5Threads = md5Threads
    this.#writtenBytes = sizeBytes
  }

  get sizeBytes(): number {
    return this.#writtenBytes + this.#gatheredBytes
  }

  /** Takes a chunk; waits where the disk is behind by more than one gathered block. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.byteLength
    return this.#gatheredBytes >= GATHER_BYTES ? this.#startWrite() : undefined
  }

  async #startWrite(): Promise<void> {
    await this.#writing
    if (this.#gatheredBytes === 0) return
    const chunks = this.#gathered
    const position = this.#writtenBytes
    this.#gathered = []
    this.#writtenBytes += this.#gatheredBytes
    this.#unsyncedBytes += this.#gatheredBytes
    this.#gatheredBytes = 0
    this.#writing = writeAll(this.#handle, chunks, position).then((end) => this.#followUpTo(end))
    // The failure is met by the next await of #writing; without this it would count as unhandled until then.
    this.#writing.catch(() => {})
    this.#syncInBackground()
  }

  /** Only whole quanta: what lies beyond the last one may be truncated. And only files that are large enough to gain by it. */
  #followUpTo(end: number): void {
    if (end < GATHER_BYTES) return
    this.#md5 ??= this.#md5Threads.follow(this.#handle.fd)
    this.#md5.advance(end - (end % UPLOAD_QUANTUM_BYTES))
  }

  #syncInBackground(): void {
    if (this.#durability !== 'fsync' || this.#syncing !== null || this.#unsyncedBytes < BACKGROUND_SYNC_BYTES) return
    this.#unsyncedBytes = 0
    this.#syncing = this.#handle.datasync().finally(() => {
      this.#syncing = null
    })
    this.#syncing.catch(() => {})
  }

  /** Brings everything taken so far to the disk. */
  async sync(): Promise<void> {
    await this.#startWrite()
    await this.#writing
    await this.#syncing
    if (this.#durability === 'fsync') await this.#handle.sync()
  }

  /** Forgets what lies beyond `sizeBytes`. */
  async truncate(sizeBytes: number): Promise<void> {
    await this.#startWrite()
    await this.#writing
    if (sizeBytes === this.#writtenBytes) return
    await this.#handle.truncate(sizeBytes)
    this.#writtenBytes = sizeBytes
  }

  /** Syncs and closes; the file never changes again. Returns the MD5 of all its bytes, base64. */
  async finish(): Promise<string> {
    try {
      const small = this.#writtenBytes === 0 ? this.#md5OfGathered() : null
      await this.#startWrite()
      await this.#writing
      const [md5Hash] = await Promise.all([small ?? this.#md5OfFile(), this.sync()])
      return md5Hash
    } finally {
      await this.#close()
    }
  }

  #md5OfFile(): Promise<string> {
    this.#md5 ??= this.#md5Threads.follow(this.#handle.fd)
    return this.#md5.finish(this.#writtenBytes)
  }

  /** Content that was never written is hashed at once: another thread would need longer to hear of it. */
  #md5OfGathered(): string {
    const hash = createHash('md5')
    for (const chunk of this.#gathered) hash.update(chunk)
    return hash.digest('base64')
  }

  /** Closes without a promise about what the file holds. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing])
    await this.#close()
  }

  /** The thread has the file's descriptor, which may be another file's as soon as this one is closed. */
  async #close(): Promise<void> {
    await this.#md5?.drop().catch(() => {})
    await this.#handle.close()
  }
}

/** Returns the position behind the last byte. */
async function writeAll(handle: FileHandle, chunks: Uint8Array[], position: number): Promise<number> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  const { bytesWritten } = await handle.writev(chunks, position)
  if (bytesWritten === total) return position + total
  // A short write is rare (a nearly full disk); what is left goes in one piece.
  let rest = Buffer.concat(chunks).subarray(bytesWritten)
  let offset = position + bytesWritten
  while (rest.byteLength > 0) {
    const { bytesWritten: more } = await handle.write(rest, 0, rest.byteLength, offset)
    rest = rest.subarray(more)
    offset += more
  }
  return offset
}
