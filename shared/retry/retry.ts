import { AppError, TransientError } from '../errors/app-error.ts'
import { type BackoffPolicy, backoffDelay, SHORT_BACKOFF } from './backoff.ts'
import { sleep as realSleep, type Sleep } from './sleep.ts'

/** A failed try that is about to be followed by another. */
export interface RetryNotice {
  error: unknown
  /** Number of the try that failed, from 1. */
  attempt: number
  delayMs: number
}

export interface RetryOptions {
  policy?: BackoffPolicy
  /** Ends the waiting and is handed to nobody: give it to the work yourself. */
  signal?: AbortSignal
  /** No try begins after this moment (ms since the epoch); a wait that would pass it is not begun. */
  deadlineAtMs?: number
  shouldRetry?: (error: unknown) => boolean
  onRetry?: (notice: RetryNotice) => void
  sleep?: Sleep
  random?: () => number
  now?: () => number
}

/**
 * Runs `work` until it succeeds, its failure is not to be retried, the tries are used up or the deadline would pass; then
 * throws the last failure. A failure's `retryAt` (Retry-After) is a floor under the delay. Use it at one level only.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { policy = SHORT_BACKOFF, signal, shouldRetry = isRetryable, onRetry } = options
  const { sleep = realSleep, random = Math.random, now = Date.now, deadlineAtMs = Number.POSITIVE_INFINITY } = options
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      // An abort that hit the work itself is the caller's will, whatever the failure looks like.
      signal?.throwIfAborted()
      if (attempt >= policy.maxAttempts || !shouldRetry(error)) throw error
      const delayMs = delayAfter({ error, attempt, policy, random, nowMs: now() })
      if (now() + delayMs > deadlineAtMs) throw error
      onRetry?.({ error, attempt, delayMs })
      await sleep(delayMs, signal)
    }
  }
}

/** Whether a thrown value is a failure that we know to be passing. What we don't know is a bug, and repeating it helps nobody. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError && error.retryable
}

function delayAfter(params: {
  error: unknown
  attempt: number
  policy: BackoffPolicy
  random: () => number
  nowMs: number
}): number {
  const { error, attempt, policy, random, nowMs } = params
  const retryAt = error instanceof TransientError ? error.retryAt : null
  if (retryAt === null) return backoffDelay(policy, attempt, random)
  // Never earlier than we were told; a little later, so that all who were told the same moment don't come together.
  return Math.max(0, retryAt.getTime() - nowMs) + Math.round(policy.baseMs * random())
}
