import type { StoredPart } from './part-store.ts'

type ReadPart = (part: StoredPart) => AsyncIterable<Uint8Array>

interface OpenedPart {
  part: StoredPart
  chunks: AsyncIterator<Uint8Array>
  first: Promise<IteratorResult<Uint8Array>>
}

/** Reads parts one after the other, the next one opened while the present one is read: a round trip less for each. */
export class ReadAhead {
  readonly #read: ReadPart
  #opened: OpenedPart | null = null

  constructor(read: ReadPart) {
    this.#read = read
  }

  /** Asks for a part that will be read next, and takes no more than its first chunk. */
  open(part: StoredPart): void {
    if (this.#opened?.part === part) return
    this.close()
    const chunks = this.#read(part)[Symbol.asyncIterator]()
    const first = chunks.next()
    // Whoever reads the part meets the failure; if nobody does, it was none.
    first.catch(() => {})
    this.#opened = { part, chunks, first }
  }

  async *read(part: StoredPart): AsyncGenerator<Uint8Array> {
    const opened = this.#opened
    if (opened?.part !== part) {
      yield* this.#read(part)
      return
    }
    this.#opened = null
    try {
      for (let next = await opened.first; next.done !== true; next = await opened.chunks.next()) yield next.value
    } finally {
      await opened.chunks.return?.()
    }
  }

  /** Lets go of what was opened and is not wanted. */
  close(): void {
    this.#opened?.chunks.return?.().catch(() => {})
    this.#opened = null
  }
}
