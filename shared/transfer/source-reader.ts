import { AppError, TransientError } from '#shared/errors/app-error.ts'
import { type BackoffPolicy, backoffDelay } from '#shared/retry/backoff.ts'
import type { Sleep } from '#shared/retry/sleep.ts'
import type { FileSource, SourceAnswer } from './file-source.ts'
import { NoRangesError, SourceBusyError, SourceChangedError, SourceDeniedError, truncated } from './transfer-error.ts'
import type { TransferLayout } from './transfer-plan.ts'

/** A connection that gave less than this before it broke has not got us anywhere. */
const PROGRESS_BYTES = 256 * 1024

export interface SourceReaderInit {
  source: FileSource
  layout: () => TransferLayout
  /** An answer that has been opened already and begins at `first`, and the bytes that were read off it. */
  opened: { answer: SourceAnswer; head: Buffer } | null
  first: number
  /** Inclusive; null for all that follow. */
  last: number | null
  policy: BackoffPolicy
  sleep: Sleep
  random: () => number
  signal: AbortSignal
}

/**
 * Reads on from one byte of the file to another. Where the source sends ranges, a connection that breaks is replaced by one
 * that begins at the next byte: what has passed is not fetched again.
 */
export class SourceReader {
  readonly #init: SourceReaderInit
  #answer: SourceAnswer | null
  #waiting: Buffer | null
  /** The next byte that the source owes. */
  #offset: number
  #failures = 0
  #progressBytes = 0
  #isEnded = false
  #isClosed = false

  constructor(init: SourceReaderInit) {
    this.#init = init
    this.#answer = init.opened?.answer ?? null
    this.#waiting = init.opened !== null && init.opened.head.byteLength > 0 ? init.opened.head : null
    this.#offset = init.first + (init.opened?.head.byteLength ?? 0)
  }

  /** The next bytes, at most `maxBytes`; null at the end. */
  async next(maxBytes: number): Promise<Buffer | null> {
    const chunk = this.#waiting ?? (await this.#pull())
    this.#waiting = null
    if (chunk === null || chunk.byteLength <= maxBytes) return chunk
    this.#waiting = chunk.subarray(maxBytes)
    return chunk.subarray(0, maxBytes)
  }

  /** Whether there are no more bytes; reads ahead to know it. */
  async isAtEnd(): Promise<boolean> {
    this.#waiting ??= await this.#pull()
    return this.#waiting === null
  }

  /** Opens the first connection, so that nothing else is begun for a source that sends nothing. */
  async open(): Promise<void> {
    while (this.#answer === null) {
      try {
        await this.#connect()
      } catch (error) {
        await this.#afterFailure(error)
      }
    }
  }

  /** Bytes that came, over all connections. */
  get receivedBytes(): number {
    return this.#offset - this.#init.first
  }

  /** Goes on over a new connection at the next byte. */
  reconnect(): void {
    if (this.#init.layout().ranges) this.#answer?.close()
  }

  /** Cuts the connection; a read that is under way fails. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  #drop(): void {
    this.#answer?.close()
    this.#answer = null
  }

  async #pull(): Promise<Buffer | null> {
    for (;;) {
      try {
        if (this.#answer === null) {
          if (this.#isDone()) return null
          await this.#connect()
        }
        const chunk = await this.#read()
        if (chunk !== null) return chunk
        if (this.#isDone()) return null
      } catch (error) {
        await this.#afterFailure(error)
      }
    }
  }

  async #connect(): Promise<void> {
    const { source, layout, last, signal } = this.#init
    this.#answer = await source.open({ first: this.#offset, last }, layout(), signal)
  }

  async #read(): Promise<Buffer | null> {
    const answer = this.#answer
    if (answer === null) return null
    const next = await answer.body.next()
    if (next.done !== true) {
      this.#offset += next.value.byteLength
      this.#progressBytes += next.value.byteLength
      return next.value
    }
    this.#answer = null
    this.#isEnded = true
    if (!this.#isDone()) throw truncated(answer.host, { offset: this.#offset })
    return null
  }

  /** A total that is not known ends where the body ends cleanly. */
  #isDone(): boolean {
    const { layout, last } = this.#init
    const { sizeBytes } = layout()
    if (sizeBytes === null) return this.#isEnded
    return this.#offset > Math.min(last ?? sizeBytes - 1, sizeBytes - 1)
  }

  /** Waits for another try, or throws what another try here cannot mend. */
  async #afterFailure(error: unknown): Promise<void> {
    const { layout, policy, signal, sleep, random } = this.#init
    this.#drop()
    signal.throwIfAborted()
    if (this.#isClosed) throw error
    if (this.#progressBytes >= PROGRESS_BYTES) this.#failures = 0
    this.#progressBytes = 0
    this.#failures++
    const isPassing = error instanceof AppError && error.retryable && !isForLanes(error)
    if (!isPassing || !layout().ranges || this.#failures >= policy.maxAttempts) throw error
    await sleep(backoffDelay(policy, this.#failures, random), signal)
  }
}

/** How many lanes there may be, how long all must wait and what becomes of the parts is not one reader's to decide. */
function isForLanes(error: AppError): boolean {
  if (error instanceof TransientError && error.retryAt !== null) return true
  return [SourceDeniedError, SourceBusyError, SourceChangedError, NoRangesError].some((kind) => error instanceof kind)
}
