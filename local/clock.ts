import { sleep } from '#shared/retry/sleep.ts'

/**
 * The local cloud's time. The time of day is everybody's; what can be sped up is *waiting* (backoff, schedules,
 * retention), so that ten minutes of backoff pass in a second while a request still has its whole deadline.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** The moment at which a wait of `ms` that begins now is over. */
  after(ms: number): number
  /** How much waiting time has passed since `moment`, in ms. */
  elapsedSince(moment: number): number
  /** Resolves at `moment`, or at once when it is past. Throws the signal's reason when it aborts. */
  waitUntil(moment: number, signal?: AbortSignal): Promise<void>
}

/** A clock on which waiting passes `scale` times as fast; 1 is the real cloud's pace. */
export function createClock(scale = 1): Clock {
  if (!(scale > 0)) throw new RangeError(`The clock's scale must be above 0, not ${scale}.`)
  return {
    now: Date.now,
    after: (ms) => Date.now() + ms / scale,
    elapsedSince: (moment) => (Date.now() - moment) * scale,
    waitUntil: (moment, signal) => sleep(moment - Date.now(), signal),
  }
}

export interface ManualClock extends Clock {
  /** Moves time on and ends every wait that is due, the earliest first. */
  advance(ms: number): void
  /** How many waits have not ended. */
  waiting(): number
}

interface Waiter {
  moment: number
  end(): void
}

/** A clock that stands still until a test moves it. */
export function createManualClock(startMs: number): ManualClock {
  let nowMs = startMs
  const waiters = new Set<Waiter>()
  return {
    now: () => nowMs,
    after: (ms) => nowMs + ms,
    elapsedSince: (moment) => nowMs - moment,
    waiting: () => waiters.size,
    advance(ms) {
      nowMs += ms
      const due = [...waiters].filter((waiter) => waiter.moment <= nowMs).sort((a, b) => a.moment - b.moment)
      for (const waiter of due) waiter.end()
    },
    waitUntil(moment, signal) {
      signal?.throwIfAborted()
      if (moment <= nowMs) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiters.delete(waiter)
          reject(signal?.reason)
        }
        const waiter: Waiter = {
          moment,
          end() {
            waiters.delete(waiter)
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        waiters.add(waiter)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}
