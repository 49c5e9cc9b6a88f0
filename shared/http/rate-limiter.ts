import { TransientError } from '../errors/app-error.ts'
import { sleep as realSleep, type Sleep } from '../retry/sleep.ts'

/** A token bucket: `burst` requests at once, then `perSecond`. */
export interface RateRule {
  perSecond: number
  burst: number
}

export interface RateLimiter {
  /**
   * Waits for this host's turn. First come, first served. A wait that is aborted keeps its place: the others' turns don't move.
   * @throws TransientError `http.held-back` with the time, where the host asked for more patience than there is.
   */
  acquire(host: string, signal?: AbortSignal): Promise<void>
  /** The host said when it will take requests again: nothing goes out before. */
  holdUntil(host: string, atMs: number): void
}

/** Limits requests per host (`name` or `name:port`, as in `URL.host`). Hosts without a rule are not limited, only held. */
export function createRateLimiter(options: {
  rules: Readonly<Record<string, RateRule>>
  /** The longest hold that is slept through; whoever can rest until a later moment should. Default: any. */
  patienceMs?: number
  now?: () => number
  sleep?: Sleep
}): RateLimiter {
  const { rules, patienceMs = Number.POSITIVE_INFINITY, now = Date.now, sleep = realSleep } = options
  /** Per host the moment at which its bucket would be full again if nobody came (virtual scheduling). */
  const fullAt = new Map<string, number>()
  const heldUntil = new Map<string, number>()

  function reserve(host: string): number {
    const rule = rules[host]
    const nowMs = now()
    if (rule === undefined) return nowMs
    const intervalMs = 1000 / rule.perSecond
    const nextFullAt = Math.max(fullAt.get(host) ?? nowMs, nowMs) + intervalMs
    fullAt.set(host, nextFullAt)
    return nextFullAt - rule.burst * intervalMs
  }

  return {
    async acquire(host, signal) {
      const turnAt = reserve(host)
      // A hold may be set or moved while we sleep.
      for (;;) {
        const holdEndsAt = heldUntil.get(host) ?? 0
        if (holdEndsAt - now() > patienceMs) throw heldBack(host, new Date(holdEndsAt))
        const waitMs = Math.max(turnAt, holdEndsAt) - now()
        if (waitMs <= 0) return
        await sleep(waitMs, signal)
      }
    },
    holdUntil(host, atMs) {
      heldUntil.set(host, Math.max(heldUntil.get(host) ?? 0, atMs))
    },
  }
}

function heldBack(host: string, retryAt: Date): TransientError {
  const message = `${host} takes no requests before ${retryAt.toISOString()}; it is asked again then.`
  return new TransientError({ code: 'http.held-back', message, retryAt, facts: { host } })
}
