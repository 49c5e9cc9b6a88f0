import { AppError, TransientError } from '#shared/errors/app-error.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import { retry } from '#shared/retry/retry.ts'

/** A part as it lies in the bucket. */
export interface StoredPart {
  index: number
  name: string
  generation: string
  sizeBytes: number
  /** Base64. */
  crc32c: string
}

/** What passed of a part on its way into the bucket, kept up to date by whoever lets it pass. */
export interface PassedBytes {
  sizeBytes: number
  /** Base64, of the bytes so far. */
  crc32c(): string
  isComplete: boolean
}

/** The parts of one copy: objects `part-00000`… below a prefix, each created once. */
export class PartStore {
  readonly objects: ObjectStore
  readonly streams: ObjectStreams
  readonly bucket: string
  /** Ends in a slash. */
  readonly prefix: string
  readonly #beforeWrite: (index: number) => Promise<void>

  /** `beforeWrite`: may delay a part, or refuse it. */
  constructor(init: {
    objects: ObjectStore
    streams: ObjectStreams
    bucket: string
    prefix: string
    beforeWrite?: (index: number) => Promise<void>
  }) {
    this.objects = init.objects
    this.streams = init.streams
    this.bucket = init.bucket
    this.prefix = init.prefix
    this.#beforeWrite = init.beforeWrite ?? (async () => {})
  }

  /** The checkpoint: every part that exists. */
  async list(): Promise<StoredPart[]> {
    const parts: StoredPart[] = []
    for await (const facts of this.objects.list(this.bucket, `${this.prefix}part-`)) {
      const index = Number(/part-(\d{5})$/.exec(facts.name)?.[1] ?? Number.NaN)
      if (Number.isInteger(index)) parts.push(toPart(index, facts))
    }
    return parts
  }

  /**
   * Writes a part; nothing is left of one that is cut. One whose bytes had all passed when the signal came may still be
   * stored, and is by the time that this ends: nobody who then looks at what is there misses it. `sizeBytes` is null where the part ends with its source.
   * @throws TransientError when the part is not there with the bytes that passed.
   */
  async write(params: {
    index: number
    chunks: AsyncIterable<Uint8Array>
    sizeBytes: number | null
    passed: PassedBytes
    signal: AbortSignal
  }): Promise<StoredPart> {
    const { index, chunks, sizeBytes, passed, signal } = params
    await this.#beforeWrite(index)
    const name = this.#name(index)
    const cutting = cutUnlessPassed(passed, signal)
    try {
      const facts = await this.streams.write({
        bucket: this.bucket,
        name,
        chunks,
        sizeBytes,
        contentType: 'application/octet-stream',
        ifGeneration: '0',
        signal: cutting.signal,
      })
      return await this.#checked(index, facts, passed)
    } catch (error) {
      signal.throwIfAborted()
      const isThere = error instanceof GenerationChangedError
      // An answer that was lost after the last byte: the part may well be there.
      const mayBeThere = passed.isComplete && error instanceof AppError && error.code === 'objects.unavailable'
      if (!isThere && !mayBeThere) throw error
      const facts = await this.objects.stat({ bucket: this.bucket, name })
      if (facts === null) throw asTransient(error)
      // Refused before all bytes had passed: ours from an earlier request, if it has the planned size; its hash will tell.
      if (!passed.isComplete && facts.sizeBytes === sizeBytes && facts.crc32c !== null) return toPart(index, facts)
      return await this.#checked(index, facts, passed)
    } finally {
      cutting.end()
    }
  }

  async #checked(index: number, facts: ObjectFacts, passed: PassedBytes): Promise<StoredPart> {
    if (passed.isComplete && facts.sizeBytes === passed.sizeBytes && facts.crc32c === passed.crc32c()) {
      return toPart(index, facts)
    }
    await this.objects.remove(facts, facts.generation)
    throw new TransientError({
      code: 'transfer.part-damaged',
      message: 'A part arrived in the bucket with other bytes than were sent; it is copied again.',
      facts: { name: facts.name, sizeBytes: facts.sizeBytes, sentBytes: passed.sizeBytes },
    })
  }

  read(part: StoredPart, signal: AbortSignal, range?: { first: number; last: number }): AsyncGenerator<Buffer> {
    const object = { bucket: this.bucket, name: part.name }
    return this.streams.read(object, { generation: part.generation, signal, ...(range === undefined ? {} : { range }) })
  }

  async remove(part: StoredPart): Promise<void> {
    await this.objects.remove({ bucket: this.bucket, name: part.name }, part.generation)
  }

  /** Removes everything below the prefix, the groups of a compose too. */
  async removeAll(): Promise<void> {
    await removeBelow(this.objects, this, (object) => retry(() => this.streams.remove(object, object.generation)))
  }

  #name(index: number): string {
    return `${this.prefix}part-${String(index).padStart(5, '0')}`
  }
}

/** How long the bucket's word on a part whose bytes have all passed is waited for after the end; within a shutdown's time. */
const COMMIT_GRACE_MS = 2_000

/**
 * A signal that cuts an upload with the caller's, but lets one that only waits for the bucket's word have it: the bucket would
 * store the part all the same, after whoever cleans up has looked.
 */
function cutUnlessPassed(passed: PassedBytes, signal: AbortSignal): { signal: AbortSignal; end(): void } {
  const cut = new AbortController()
  let timer: NodeJS.Timeout | null = null
  const onAbort = () => {
    if (passed.isComplete) timer = setTimeout(() => cut.abort(signal.reason), COMMIT_GRACE_MS)
    else cut.abort(signal.reason)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: cut.signal,
    end() {
      signal.removeEventListener('abort', onAbort)
      if (timer) clearTimeout(timer)
    },
  }
}

function toPart(index: number, facts: ObjectFacts): StoredPart {
  const { name, generation, sizeBytes, crc32c } = facts
  return { index, name, generation, sizeBytes, crc32c: crc32c ?? '' }
}

function asTransient(error: unknown): unknown {
  if (!(error instanceof GenerationChangedError)) return error
  const message = 'A part was removed by somebody else while it was written; it is copied again.'
  return new TransientError({ code: 'transfer.part-gone', message, facts: error.facts, cause: error })
}
