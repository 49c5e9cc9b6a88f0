import { type JsonObject, parseJsonObject } from '../http/call.ts'
import { invalid } from '../http/failure.ts'

/** The head of an upload (boundaries, headers, metadata) must end within this; the service allows far less metadata. */
const MAX_HEAD_BYTES = 1024 * 1024

export interface MultipartUpload {
  metadata: JsonObject
  /** The media part's own content type, if it has one. */
  mediaType: string | null
  media: AsyncIterable<Buffer>
}

/**
 * Splits a `multipart/related` upload (RFC 2387) into its two parts: the metadata, which is read at once, and the media,
 * which streams. Throws 400 for a body that is not that.
 */
export async function parseMultipartUpload(
  contentType: string | null,
  body: AsyncIterableIterator<Buffer>,
): Promise<MultipartUpload> {
  // gcloud puts it into single quotes, which are none by the RFC.
  const boundary = /boundary=["']?([^"';]+)["']?/i.exec(contentType ?? '')?.[1]
  if (boundary === undefined) throw invalid('Missing multipart boundary.')
  const source = new ByteSource(body)
  const delimiter = Buffer.from(`--${boundary}`)
  await source.through(delimiter)
  await source.readHeaders()
  const metadata = parseJsonObject(await source.through(delimiter))
  const mediaHeaders = await source.readHeaders()
  return {
    metadata,
    mediaType: mediaHeaders.get('content-type') ?? null,
    media: source.until(Buffer.from(`${source.lineEnd}--${boundary}`)),
  }
}

class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>
  #buffered: Buffer = Buffer.alloc(0)
  /** As the last line of headers ended: CRLF, or the bare LF of gcloud, which the service takes too. */
  lineEnd: '\r\n' | '\n' = '\r\n'

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks
  }

  /** What comes before the mark; the mark is consumed. */
  async through(mark: Buffer): Promise<Buffer> {
    for (;;) {
      const index = this.#buffered.indexOf(mark)
      if (index !== -1) {
        const before = this.#buffered.subarray(0, index)
        this.#buffered = this.#buffered.subarray(index + mark.byteLength)
        return before
      }
      if (this.#buffered.byteLength > MAX_HEAD_BYTES) throw invalid('The multipart body has no second part.')
      const chunk = await this.#next()
      if (chunk === null) throw invalid('The multipart body ends too early.')
      this.#buffered = Buffer.concat([this.#buffered, chunk])
    }
  }

  async readHeaders(): Promise<Map<string, string>> {
    const headers = new Map<string, string>()
    await this.#readLine()
    for (;;) {
      const line = await this.#readLine()
      if (line === '') return headers
      const colon = line.indexOf(':')
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
    }
  }

  async #readLine(): Promise<string> {
    const line = (await this.through(Buffer.from('\n'))).toString('latin1')
    this.lineEnd = line.endsWith('\r') ? '\r\n' : '\n'
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  /** Streams up to the mark, holding back only what may be its beginning; the rest of the body is read and dropped. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const index = this.#buffered.indexOf(mark)
      if (index !== -1) {
        if (index > 0) yield this.#buffered.subarray(0, index)
        while ((await this.#next()) !== null) {
          // The closing line and what some senders put after it.
        }
        return
      }
      const safe = this.#buffered.byteLength - mark.byteLength + 1
      if (safe > 0) {
        yield this.#buffered.subarray(0, safe)
        this.#buffered = this.#buffered.subarray(safe)
      }
      const chunk = await this.#next()
      if (chunk === null) throw invalid('The multipart body ends without its closing boundary.')
      this.#buffered = this.#buffered.byteLength === 0 ? chunk : Buffer.concat([this.#buffered, chunk])
    }
  }

  async #next(): Promise<Buffer | null> {
    const { value, done } = await this.#chunks.next()
    return done === true ? null : value
  }
}
