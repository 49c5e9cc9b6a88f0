import { archiveError } from './archive-error.ts'

/** Takes a stream of chunks apart by lengths, holding one chunk. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next `length` bytes as one. Throws `archive.truncated` when there are fewer. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.pieces(length)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** The next `length` bytes as they come. Throws `archive.truncated` when there are fewer. */
  async *pieces(length: number): AsyncGenerator<Buffer> {
    let left = length
    while (left > 0) {
      if (this.#rest.length === 0) await this.#fill()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      if (piece.length > 0) yield piece
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.pieces(length));
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #fill(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw archiveError('truncated', 'ends too early')
    this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
  }
}
