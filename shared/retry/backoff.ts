/** How long to wait between tries of one thing. All times in milliseconds. */
export interface BackoffPolicy {
  /** The ceiling of the first delay. */
  baseMs: number
  /** What the ceiling is multiplied by from one attempt to the next. */
  factor: number
  /** No ceiling grows past this. */
  maxMs: number
  /**
   * `full` spreads over [0, ceiling]: the fewest collisions of many callers that failed at one moment.
   * `equal` spreads over [ceiling/2, ceiling]: for a source that must not be asked again at once.
   */
  jitter: 'full' | 'equal'
  /** Tries in all, the first included. */
  maxAttempts: number
}

/**
 * For calls inside a request: 250 ms is about one round trip and a garbage collection of the other side, doubling to 8 s
 * gives a source about 15 s to come back. What needs longer is the job's matter (its own wake-up), not a sleep's.
 */
export const SHORT_BACKOFF: BackoffPolicy = { baseMs: 250, factor: 2, maxMs: 8_000, jitter: 'full', maxAttempts: 6 }

/**
 * For sources that throttle (ClipDrop, CivitAI: no Retry-After as a rule, "back off 1 s doubling to 30 s"). Equal jitter,
 * because a near-zero delay after a 429 only earns the next one.
 */
export const THROTTLED_BACKOFF: BackoffPolicy = {
  baseMs: 1_000,
  factor: 2,
  maxMs: 30_000,
  jitter: 'equal',
  maxAttempts: 6,
}

/** The delay in ms after failed attempt number `attempt` (from 1). `random` gives [0, 1). */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: () => number): number {
  const ceilingMs = Math.min(policy.maxMs, policy.baseMs * policy.factor ** Math.max(0, attempt - 1))
  const spread = policy.jitter === 'full' ? random() : 0.5 + random() / 2
  return Math.round(ceilingMs * spread)
}
