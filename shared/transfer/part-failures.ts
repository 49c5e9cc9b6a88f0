import { AppError, TransientError } from '#shared/errors/app-error.ts'
import { type BackoffPolicy, backoffDelay } from '#shared/retry/backoff.ts'
import { SourceBusyError, SourceChangedError, SourceDeniedError } from './transfer-error.ts'

/** A part that fails this often, each time after the reader's own tries, is more than a passing fault. */
const MAX_FAILURES = 3
/** Each has had a fresh location already, and those are counted by some sources. */
const MAX_DENIALS = 2
/** A longer wait is the job's: it is woken then. */
const MAX_WAIT_MS = 30_000

export interface PartFailure {
  index: number
  error: unknown
}

/** Counts how often each part failed without being stored in between, and says what follows. */
export class PartFailures {
  readonly #counts = new Map<number, number>()
  readonly #options: { policy: BackoffPolicy; random: () => number; now: () => number }

  constructor(options: { policy: BackoffPolicy; random: () => number; now: () => number }) {
    this.#options = options
  }

  stored(index: number): void {
    this.#counts.delete(index)
  }

  /**
   * How long to wait before the part is tried again.
   * @throws the failure itself where another try cannot mend it, or has been made often enough.
   */
  waitMsAfter({ index, error }: PartFailure): number {
    const { policy, random, now } = this.#options
    if (!(error instanceof AppError) || !error.retryable || error instanceof SourceChangedError) throw error
    const count = (this.#counts.get(index) ?? 0) + 1
    this.#counts.set(index, count)
    if (count >= (error instanceof SourceDeniedError ? MAX_DENIALS : MAX_FAILURES)) throw error
    const retryAt = error instanceof TransientError ? error.retryAt : null
    const toldMs = retryAt === null ? 0 : retryAt.getTime() - now()
    if (toldMs > MAX_WAIT_MS) throw error
    return Math.max(toldMs, backoffDelay(policy, count, random))
  }
}

/** Whether the source would perhaps have served this connection, had there been fewer of them. */
export function isRefusedLane({ error }: PartFailure): boolean {
  return error instanceof SourceDeniedError || error instanceof SourceBusyError
}
