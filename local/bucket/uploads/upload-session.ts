import { AlignedCrc32c } from '../hashing/aligned-crc32c.ts'
import { ApiFailure, invalid } from '../http/failure.ts'
import type { ContentStore } from '../storage/content-store.ts'
import type { Content } from '../storage/record.ts'
import type { SegmentWriter } from '../storage/segment-writer.ts'
import { assertNotTooLarge } from './accepted-size.ts'
import type { UploadRange } from './content-range.ts'
import type { Insertion } from './insertion.ts'

/** What is stored of a session; its bytes lie in the content file `segmentId`. */
export interface SessionRecord {
  id: string
  insertion: Insertion
  segmentId: string
  /** `X-Upload-Content-Length` at the start, where it was given. */
  declaredBytes: number | null
  createdAt: string
}

/** The bytes of one resumable upload: appended in order, kept in whole quanta until the end. */
export class UploadSession {
  readonly record: SessionRecord
  readonly #content: ContentStore
  #keptBytes: number
  #open: { writer: SegmentWriter; crc32c: AlignedCrc32c } | null = null

  constructor(record: SessionRecord, content: ContentStore, keptBytes: number) {
    this.record = record
    this.#content = content
    this.#keptBytes = keptBytes
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Takes the body of one PUT. Returns the finished content, or null where more is to come. */
  async receive(range: Exclude<UploadRange, { kind: 'query' }>, body: AsyncIterable<Buffer>): Promise<Content | null> {
    const first = range.kind === 'whole' ? 0 : range.first
    if (first > this.#keptBytes) throw offsetBeyondKept(first, this.#keptBytes)
    const totalBytes = this.#totalOf(range)
    assertNotTooLarge(this.record.insertion.acceptedSize, totalBytes ?? 0)
    const { writer, crc32c } = await this.#reopen()
    let skipBytes = this.#keptBytes - first
    let receivedBytes = 0
    try {
      for await (const chunk of body) {
        receivedBytes += chunk.byteLength
        const fresh = chunk.subarray(Math.min(skipBytes, chunk.byteLength))
        skipBytes -= chunk.byteLength - fresh.byteLength
        if (fresh.byteLength === 0) continue
        const sizeBytes = writer.sizeBytes + fresh.byteLength
        if (totalBytes !== null && sizeBytes > totalBytes) throw exceedsTotal(totalBytes)
        assertNotTooLarge(this.record.insertion.acceptedSize, sizeBytes)
        crc32c.add(fresh)
        await writer.write(fresh)
      }
    } catch (error) {
      await this.#keepWholeQuanta(writer, crc32c)
      throw error
    }
    if (range.kind === 'bytes' && range.last !== null && receivedBytes !== range.last - range.first + 1) {
      await this.#keepWholeQuanta(writer, crc32c)
      throw invalid('The body is not as long as its Content-Range says.')
    }
    if (endsUpload(range, totalBytes, writer.sizeBytes)) return this.#finish(writer, crc32c)
    await this.#keepWholeQuanta(writer, crc32c)
    return null
  }

  /** Ends an upload whose length was unknown until now, if it is the length that was kept. */
  async end(totalBytes: number | null): Promise<Content | null> {
    if (totalBytes === null || totalBytes !== this.#keptBytes) return null
    const { writer, crc32c } = await this.#reopen()
    return this.#finish(writer, crc32c)
  }

  /** Closes the file; the session can go on later, in this process or the next. */
  async release(): Promise<void> {
    const open = this.#open
    this.#open = null
    await open?.writer.abandon()
  }

  async discard(): Promise<void> {
    await this.release()
    await this.#content.discard([{ id: this.record.segmentId, sizeBytes: 0 }])
  }

  #totalOf(range: Exclude<UploadRange, { kind: 'query' }>): number | null {
    const { declaredBytes } = this.record
    const totalBytes = range.kind === 'whole' ? null : range.totalBytes
    if (totalBytes !== null && declaredBytes !== null && totalBytes !== declaredBytes) {
      throw invalid(`The upload was started with ${declaredBytes} bytes, not ${totalBytes}.`)
    }
    return totalBytes ?? declaredBytes
  }

  /** Opens the file where it was left. After a restart the CRC32C has to be taken again from the kept bytes. */
  async #reopen(): Promise<{ writer: SegmentWriter; crc32c: AlignedCrc32c }> {
    if (this.#open !== null) return this.#open
    const { segmentId } = this.record
    const writer = await this.#content.reopen(segmentId, this.#keptBytes)
    const crc32c = new AlignedCrc32c()
    if (this.#keptBytes > 0) {
      const kept = this.#content.read([{ id: segmentId, sizeBytes: this.#keptBytes }], {
        first: 0,
        last: this.#keptBytes - 1,
      })
      for await (const chunk of kept) crc32c.add(chunk)
    }
    this.#open = { writer, crc32c }
    return this.#open
  }

  async #keepWholeQuanta(writer: SegmentWriter, crc32c: AlignedCrc32c): Promise<void> {
    crc32c.rollBack()
    await writer.truncate(crc32c.keptBytes)
    await writer.sync()
    this.#keptBytes = crc32c.keptBytes
  }

  async #finish(writer: SegmentWriter, crc32c: AlignedCrc32c): Promise<Content> {
    const { sizeBytes } = writer
    this.#open = null
    const md5Hash = await writer.finish()
    return {
      segments: [{ id: writer.id, sizeBytes }],
      sizeBytes,
      checksums: { crc32c: crc32c.finish(), md5Hash },
      componentCount: null,
    }
  }
}

/** An open end without any total (`bytes N-*\/*`) and a body without a range end the upload by ending. */
function endsUpload(
  range: Exclude<UploadRange, { kind: 'query' }>,
  totalBytes: number | null,
  sizeBytes: number,
): boolean {
  if (totalBytes !== null) return sizeBytes === totalBytes
  return range.kind === 'whole' || range.last === null
}

/** 503 as the service answers it: the sender asks for the status and goes on from there. */
function offsetBeyondKept(first: number, keptBytes: number): ApiFailure {
  return new ApiFailure({
    status: 503,
    reason: 'backendError',
    message: `Invalid request. According to the Content-Range header, the upload offset is ${first} byte(s), which exceeds already uploaded size of ${keptBytes} byte(s).`,
  })
}

function exceedsTotal(totalBytes: number): ApiFailure {
  return invalid(`The upload is longer than the ${totalBytes} bytes that were announced.`)
}
