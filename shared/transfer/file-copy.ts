import { type BackoffPolicy, SHORT_BACKOFF } from '#shared/retry/backoff.ts'
import { retry } from '#shared/retry/retry.ts'
import { sleep } from '#shared/retry/sleep.ts'
import type { CopyParams, VerifiedParts } from './copy-file.ts'
import { copyInOrder } from './copy-in-order.ts'
import { type CopyClock, type CopyState, createReader } from './copy-state.ts'
import { FileSource } from './file-source.ts'
import { LaneController } from './lane-controller.ts'
import { LanePool } from './lane-pool.ts'
import { Locations } from './locations.ts'
import { OrderedHash } from './ordered-hash.ts'
import { PartQueue } from './part-queue.ts'
import type { StoredPart } from './part-store.ts'
import { planLayout } from './plan-layout.ts'
import type { SourceReader } from './source-reader.ts'
import { type OpenedStart, openStart, readStoredHead } from './start-of-file.ts'
import { BufferSweep } from './sweep-buffers.ts'
import { changesTooFast, emptyFile, mismatch, NoRangesError, SourceChangedError, tooLarge } from './transfer-error.ts'
import { NEW_PLAN, partCountOf, partRange, type TransferLayout, type TransferPlan } from './transfer-plan.ts'
import { ByteCount, type TransferProgress, tellProgress } from './transfer-progress.ts'
import { compareWithStatement, crc32cOf, hashParts } from './verify-parts.ts'

const DEFAULT_PART_BYTES = 32 * 1024 * 1024
const DEFAULT_MAX_LANES = 8
const DEFAULT_STALL_MS = 30_000
/** A step is judged within half a second; one that brought nothing, perhaps by chance, is soon tried again, and then less and less often. */
const DEFAULT_LANES = { windowMs: 350, settleMs: 150, holdMs: 3_000 }
/** Then the file changes faster than it can be copied. */
const MAX_CHANGES = 3
/** A complete copy that is not what the source stated is made once more. */
const MAX_MISMATCHES = 2

/** A copy whose file is known to be worth it. */
interface BegunCopy {
  state: CopyState
  head: Buffer
  /** Stands at the first byte, where the answer that was opened can be read on. */
  opened: SourceReader | null
}

/** One call of `copyFile`. */
export class FileCopy {
  readonly #params: CopyParams
  readonly #clock: CopyClock
  readonly #policy: BackoffPolicy
  /** Ends everything that is still under way when the copy ends, however it ends. */
  readonly #over = new AbortController()
  readonly #signal: AbortSignal
  readonly #source: FileSource
  readonly #bytes = new ByteCount()
  readonly #sweep = new BufferSweep()
  readonly #stored = new Map<number, StoredPart>()
  #plan: TransferPlan
  #pool: LanePool | null = null
  #phase: TransferProgress['phase'] = 'copying'

  constructor(params: CopyParams) {
    const { locate, web, file, options, clock } = params
    this.#params = params
    this.#plan = params.plan ?? NEW_PLAN
    this.#clock = { now: Date.now, sleep, random: Math.random, ...clock }
    this.#policy = options.policy ?? SHORT_BACKOFF
    this.#signal = AbortSignal.any([params.signal, this.#over.signal])
    const timeouts = { connectMs: 10_000, headersMs: 30_000, stallMs: options.stallMs ?? DEFAULT_STALL_MS }
    const locations = new Locations(locate, this.#signal)
    this.#source = new FileSource({ locations, web, path: file.path, timeouts, now: this.#clock.now })
  }

  async run(): Promise<VerifiedParts> {
    // Whoever cannot be told wants no copy either; nothing may be left to reject unheard.
    const telling = this.#tellProgress().catch((error: unknown) => this.#over.abort(error))
    try {
      this.#signal.throwIfAborted()
      this.#checkSize(this.#params.file.sizeBytes)
      await this.#readCheckpoint()
      const { state, head } = await this.#copy()
      return await this.#verify(state, head)
    } finally {
      this.#over.abort()
      await telling
    }
  }

  /** Which parts of the planned size exist; all others are removed. */
  async #readCheckpoint(): Promise<void> {
    const { parts } = this.#params
    const { layout } = this.#plan
    const existing = await parts.list()
    // Without a plan nobody knows which file they were cut from.
    if (layout === null && existing.length > 0) await parts.removeAll()
    if (layout === null) return
    for (const part of existing) {
      if (isPlanned(layout, part)) this.#stored.set(part.index, part)
      else await parts.remove(part)
    }
    for (const part of this.#stored.values()) this.#bytes.storedBytes += part.sizeBytes
  }

  /** Copies whatever is missing, following what the source turns out to be on the way. */
  async #copy(): Promise<{ state: CopyState; head: Buffer }> {
    for (;;) {
      let start: BegunCopy | null = null
      try {
        start = await this.#begin()
        if (!this.#isComplete(start.state.layout)) await this.#fetch(start.state, start.opened)
        return start
      } catch (error) {
        start?.state.hash.stop()
        // The copy's own end explains every failure that comes of it.
        this.#signal.throwIfAborted()
        if (error instanceof NoRangesError) await this.#goOnInOrder()
        else if (error instanceof SourceChangedError) await this.#goOnAfterChange(error)
        else throw error
      }
    }
  }

  /** Opens the file as far as needed and has its beginning judged. */
  async #begin(): Promise<BegunCopy> {
    const { layout } = this.#plan
    const first = this.#stored.get(0)
    if (layout !== null && first !== undefined) {
      const head = await retry(() => readStoredHead(this.#params.parts, first, this.#signal), {
        policy: this.#policy,
        signal: this.#signal,
        ...this.#clock,
      })
      this.#params.checkStart(head, layout.sizeBytes)
      return { state: this.#createState(layout), head, opened: null }
    }
    const start = await this.#openStart(layout)
    try {
      const fresh = layout ?? (await this.#planLayout(start))
      this.#params.checkStart(start.head, fresh.sizeBytes)
      if (layout === null) await this.#store({ ...this.#plan, layout: fresh })
      const state = this.#createState(fresh)
      const usable = fresh.ranges === start.answer.ranges
      if (!usable) start.answer.close()
      const opened = usable ? createReader(state, { first: 0, last: null, signal: this.#signal, opened: start }) : null
      return { state, head: start.head, opened }
    } catch (error) {
      start.answer.close()
      throw error
    }
  }

  #openStart(layout: TransferLayout | null): Promise<OpenedStart> {
    const { path } = this.#params.file
    const [source, policy, clock, signal] = [this.#source, this.#policy, this.#clock, this.#signal]
    return openStart({ source, layout, path, policy, clock, signal })
  }

  async #planLayout({ answer }: OpenedStart): Promise<TransferLayout> {
    const { file, options } = this.#params
    const { stated } = this.#source
    const { totalBytes } = answer
    this.#checkSize(totalBytes ?? file.sizeBytes ?? stated.sizeBytes)
    if (totalBytes !== null) await this.#checkStatedSize(totalBytes)
    const { minPartBytes = DEFAULT_PART_BYTES, maxBytes } = options
    return planLayout({ answer, file, stated, minPartBytes, maxBytes })
  }

  async #checkStatedSize(sizeBytes: number): Promise<void> {
    const statedBytes = this.#params.file.sizeBytes ?? this.#source.stated.sizeBytes
    if (statedBytes === null || statedBytes === sizeBytes) return
    throw await this.#discardMismatch('transfer.size-mismatch', { statedBytes, sizeBytes })
  }

  #createState(layout: TransferLayout): CopyState {
    const { parts, options, file } = this.#params
    const retryOptions = { policy: this.#policy, signal: this.#signal, ...this.#clock }
    const hash = new OrderedHash({
      read: (part) => this.#readBack(part),
      attempt: (work) => retry(work, retryOptions),
      onFailure: (error) => this.#over.abort(error),
      gitBlobBytes: file.gitBlobSha1 === null ? null : layout.sizeBytes,
    })
    this.#signal.addEventListener('abort', () => hash.stop(), { once: true })
    for (const part of this.#stored.values()) hash.stored(part)
    return {
      layout,
      source: this.#source,
      parts,
      hash,
      bytes: this.#bytes,
      sweep: this.#sweep,
      maxBytes: options.maxBytes,
      policy: this.#policy,
      clock: this.#clock,
    }
  }

  async *#readBack(part: StoredPart): AsyncGenerator<Buffer> {
    for await (const chunk of this.#params.parts.read(part, this.#signal)) {
      this.#sweep.passed(chunk.byteLength)
      yield chunk
    }
  }

  async #fetch(state: CopyState, opened: SourceReader | null): Promise<void> {
    const { options } = this.#params
    const signal = this.#signal
    if (!state.layout.ranges) {
      const sizeBytes = await copyInOrder({ state, stored: this.#stored, opened, signal })
      this.#checkSize(sizeBytes)
      await this.#checkStatedSize(sizeBytes)
      await this.#setLayout(state, { ...state.layout, sizeBytes })
      return
    }
    const { sizeBytes, partBytes } = state.layout
    const missing = Array.from({ length: partCountOf(sizeBytes ?? 0, partBytes) }, (_, index) => index).filter(
      (index) => !this.#stored.has(index) && !(opened !== null && index === 0),
    )
    const onStored = (part: StoredPart): void => void this.#stored.set(part.index, part)
    const maxLanes = options.maxLanes ?? DEFAULT_MAX_LANES
    const controller = new LaneController({ maxLanes, ...DEFAULT_LANES, ...options.lanes })
    this.#pool = new LanePool({ state, queue: new PartQueue(missing), controller, onStored, signal })
    try {
      await this.#pool.run(opened === null ? null : { index: 0, reader: opened })
    } finally {
      this.#pool = null
    }
  }

  #isComplete({ sizeBytes, partBytes }: TransferLayout): boolean {
    return sizeBytes !== null && this.#stored.size === partCountOf(sizeBytes, partBytes)
  }

  async #goOnInOrder(): Promise<void> {
    const { layout } = this.#plan
    if (layout !== null) await this.#store({ ...this.#plan, layout: { ...layout, ranges: false } })
  }

  /**
   * Another ETag of a file whose SHA-256 is stated may be another mirror's name for the same bytes: what is stored stays,
   * and the hash will tell. In every other case parts of two files would be mixed, so all of them go.
   */
  async #goOnAfterChange(error: SourceChangedError): Promise<void> {
    const { layout, changes } = this.#plan
    if (changes >= MAX_CHANGES) {
      await this.#discard(this.#plan)
      throw changesTooFast(error)
    }
    const plan = { ...this.#plan, changes: changes + 1 }
    if (layout !== null && layout.sha256 !== null && error.etag !== null) {
      await this.#store({ ...plan, layout: { ...layout, etag: error.etag } })
      return
    }
    await this.#discard(plan)
    throw error
  }

  async #verify(state: CopyState, head: Buffer): Promise<VerifiedParts> {
    this.#phase = 'verifying'
    const parts = [...this.#stored.values()].sort((a, b) => a.index - b.index)
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    if (sizeBytes === 0) throw emptyFile()
    await state.hash.reached(parts.length)
    this.#signal.throwIfAborted()
    let hashes = state.hash.digest()
    const { file } = this.#params
    // The head of git's blob names the size, which some sources tell only at the end.
    if (file.gitBlobSha1 !== null && hashes.gitBlobSha1 === null) {
      hashes = await hashParts(this.#params.parts, parts, sizeBytes, this.#signal)
    }
    const wrong = compareWithStatement({ file, stated: state.layout, sizeBytes, ...hashes })
    if (wrong !== null) throw await this.#discardMismatch(wrong.code, wrong.facts)
    const { etag } = state.layout
    return { sizeBytes, sha256: hashes.sha256, crc32c: crc32cOf(parts), etag, parts, head }
  }

  async #discardMismatch(code: Parameters<typeof mismatch>[0]['code'], facts: Record<string, unknown>) {
    const mismatches = this.#plan.mismatches + 1
    await this.#discard({ ...this.#plan, mismatches })
    return mismatch({ code, facts, isLast: mismatches >= MAX_MISMATCHES })
  }

  /** Forgets the layout first: parts without one are nobody's, and go at the next claim if they don't go now. */
  async #discard(plan: TransferPlan): Promise<void> {
    await this.#store({ ...plan, layout: null })
    this.#stored.clear()
    await this.#params.parts.removeAll()
  }

  async #setLayout(state: CopyState, layout: TransferLayout): Promise<void> {
    state.layout = layout
    if (layout.sizeBytes !== this.#plan.layout?.sizeBytes) await this.#store({ ...this.#plan, layout })
  }

  async #store(plan: TransferPlan): Promise<void> {
    await this.#params.storePlan(plan)
    this.#plan = plan
  }

  #checkSize(sizeBytes: number | null): void {
    const { maxBytes } = this.#params.options
    if (sizeBytes === 0) throw emptyFile()
    if (sizeBytes !== null && sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes)
  }

  #tellProgress(): Promise<void> {
    return tellProgress({
      bytes: this.#bytes,
      sizeBytes: () => this.#plan.layout?.sizeBytes ?? null,
      phase: () => this.#phase,
      lanes: () => this.#pool?.lanes ?? 1,
      onProgress: this.#params.onProgress,
      clock: this.#clock,
      over: this.#over.signal,
    })
  }
}

function isPlanned(layout: TransferLayout, part: StoredPart): boolean {
  const planned = partRange(layout, part.index).sizeBytes
  // The last part of an unknown total has the size that it has; what passes the next time will show whether it is right.
  if (layout.sizeBytes === null) return part.sizeBytes > 0 && part.sizeBytes <= planned
  return planned > 0 && part.sizeBytes === planned
}
