import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ByteRange } from '../../byte-range.ts'
import { Md5Threads } from '../hashing/md5-threads.ts'
import { type Durability, isMissingFile, removeFile, syncDirectory } from './durable-file.ts'
import type { Segment } from './record.ts'
import { SegmentWriter } from './segment-writer.ts'

/** Bytes read from a file at a time. */
const READ_BYTES = 512 * 1024

interface ContentStoreOptions {
  dataDir: string
  durability: Durability
}

/**
 * Files of object content, immutable once written and named by chance. Which of them matter is what the object records
 * say; a file that none names is litter, swept at the next start.
 */
export class ContentStore {
  readonly #directory: string
  readonly #durability: Durability
  readonly #md5Threads = new Md5Threads()
  /** Readers by segment: a file is removed only when the last one has let go. */
  readonly #pins = new Map<string, number>()
  readonly #doomed = new Set<string>()

  private constructor(options: ContentStoreOptions) {
    this.#directory = join(options.dataDir, 'content')
    this.#durability = options.durability
  }

  static async open(options: ContentStoreOptions): Promise<ContentStore> {
    const store = new ContentStore(options)
    await mkdir(store.#directory, { recursive: true })
    return store
  }

  async create(): Promise<SegmentWriter> {
    const id = randomUUID()
    return this.#writer(id, await open(this.#path(id), 'wx+'), 0)
  }

  /** Goes on with a file of which the first `sizeBytes` are good. */
  async reopen(id: string, sizeBytes: number): Promise<SegmentWriter> {
    const handle = await open(this.#path(id), 'r+')
    await handle.truncate(sizeBytes)
    return this.#writer(id, handle, sizeBytes)
  }

  #writer(id: string, handle: FileHandle, sizeBytes: number): SegmentWriter {
    return new SegmentWriter({ id, handle, durability: this.#durability, md5Threads: this.#md5Threads, sizeBytes })
  }

  /** Ends the threads. No writer may be open any more. */
  close(): Promise<void> {
    return this.#md5Threads.close()
  }

  /** The length of a file, or null where there is none. */
  async sizeOf(id: string): Promise<number | null> {
    try {
      return (await stat(this.#path(id))).size
    } catch (error) {
      if (isMissingFile(error)) return null
      throw error
    }
  }

  /** Makes the names of new files durable; called before a record that names them is written. */
  async settle(): Promise<void> {
    if (this.#durability === 'fsync') await syncDirectory(this.#directory)
  }

  /** New names for the same bytes, without copying them. */
  share(segments: readonly Segment[]): Promise<Segment[]> {
    return Promise.all(
      segments.map(async ({ id, sizeBytes }) => {
        const shared = randomUUID()
        await link(this.#path(id), this.#path(shared))
        return { id: shared, sizeBytes }
      }),
    )
  }

  /** Keeps the files until the returned function is called. */
  pin(segments: readonly Segment[]): () => void {
    for (const { id } of segments) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      for (const { id } of segments) this.#unpin(id)
    }
  }

  #unpin(id: string): void {
    const left = (this.#pins.get(id) ?? 1) - 1
    if (left > 0) {
      this.#pins.set(id, left)
      return
    }
    this.#pins.delete(id)
    // Litter at worst: a failed removal is made good by the sweep of the next start.
    if (this.#doomed.delete(id)) removeFile(this.#path(id)).catch(() => {})
  }

  async discard(segments: readonly Segment[]): Promise<void> {
    await Promise.all(
      segments.map(async ({ id }) => {
        if (this.#pins.has(id)) this.#doomed.add(id)
        else await removeFile(this.#path(id))
      }),
    )
  }

  /** Reads a range of the segments put together. The files stay until the stream has closed. */
  read(segments: readonly Segment[], range: ByteRange): Readable {
    const release = this.pin(segments)
    const slices = sliceSegments(segments, range)
    const [only] = slices
    const stream =
      slices.length === 1 && only !== undefined ? this.#openSlice(only) : Readable.from(this.#readSlices(slices))
    return stream.once('close', release)
  }

  async *#readSlices(slices: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const slice of slices) yield* this.#openSlice(slice)
  }

  #openSlice({ id, first, last }: Slice): Readable {
    return createReadStream(this.#path(id), { start: first, end: last, highWaterMark: READ_BYTES })
  }

  /** Removes every file that no record and no session names. */
  async sweep(isNamed: (id: string) => boolean): Promise<void> {
    for (const id of await readdir(this.#directory)) {
      if (!isNamed(id)) await removeFile(this.#path(id))
    }
  }

  #path(id: string): string {
    return join(this.#directory, id)
  }
}

interface Slice {
  id: string
  first: number
  last: number
}

function sliceSegments(segments: readonly Segment[], range: ByteRange): Slice[] {
  const slices: Slice[] = []
  let offset = 0
  for (const { id, sizeBytes } of segments) {
    const first = Math.max(range.first - offset, 0)
    const last = Math.min(range.last - offset, sizeBytes - 1)
    if (first <= last) slices.push({ id, first, last })
    offset += sizeBytes
  }
  return slices
}
