import type { FileHandle } from 'node:fs/promises'
import type { Durability } from './durable-file.ts'

/** Chunks are gathered up to this size before they go to the file: one system call a mebibyte instead of sixteen. */
const GATHER_BYTES = 1024 * 1024
/** Written bytes are pushed to the disk in the background this often, so that the last sync has little left to do. */
const BACKGROUND_SYNC_BYTES = 32 * 1024 * 1024

/** Appends a stream of chunks to one content file. One write is under way while the next is gathered. */
export class SegmentWriter {
  readonly id: string
  readonly #handle: FileHandle
  readonly #durability: Durability
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #writtenBytes: number
  #unsyncedBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> | null = null

  /** Continues at `sizeBytes`, the length that the file has. */
  constructor(id: string, handle: FileHandle, durability: Durability, sizeBytes: number) {
    this.id = id
    this.#handle = handle
    this.#durability = durability
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
    this.#writing = writeAll(this.#handle, chunks, position)
    // The failure is met by the next await of #writing; without this it would count as unhandled until then.
    this.#writing.catch(() => {})
    this.#syncInBackground()
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

  /** Syncs and closes; the file never changes again. */
  async finish(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await this.#handle.close()
    }
  }

  /** Closes without a promise about what the file holds. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing])
    await this.#handle.close()
  }
}

async function writeAll(handle: FileHandle, chunks: Uint8Array[], position: number): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  const { bytesWritten } = await handle.writev(chunks, position)
  if (bytesWritten === total) return
  // A short write is rare (a nearly full disk); what is left goes in one piece.
  let rest = Buffer.concat(chunks).subarray(bytesWritten)
  let offset = position + bytesWritten
  while (rest.byteLength > 0) {
    const { bytesWritten: more } = await handle.write(rest, 0, rest.byteLength, offset)
    rest = rest.subarray(more)
    offset += more
  }
}
