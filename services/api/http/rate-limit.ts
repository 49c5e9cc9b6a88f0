const WINDOW_MS = 60_000
/** 100,000 times are some megabytes. Past it, who has been silent longest is forgotten first. */
const MAX_REMEMBERED = 100_000

/** When somebody's requests came, the oldest at `from`; what lies before it has left the window. */
interface Times {
  at: number[]
  from: number
}

/**
 * How many requests each user may make within any minute: an exact sliding window, in memory, so it counts what this
 * instance sees. Refused requests are not counted: who waits as told is let in.
 */
export class RateLimit {
  readonly #most: number
  /** In the order of their last request. */
  readonly #users = new Map<string, Times>()
  #remembered = 0
  readonly #maxRemembered: number

  /** `most` a minute; 0 for any number. */
  constructor(most: number, maxRemembered = MAX_REMEMBERED) {
    this.#most = most
    this.#maxRemembered = maxRemembered
  }

  /** Counts a request. Returns null if there is room, else when there will be. */
  take(userId: string, now: Date): Date | null {
    if (this.#most === 0) return null
    const nowMs = now.getTime()
    const times = this.#users.get(userId) ?? { at: [], from: 0 }
    this.#forgetBefore(times, nowMs - WINDOW_MS)
    const oldest = times.at[times.from]
    if (oldest !== undefined && times.at.length - times.from >= this.#most) return new Date(oldest + WINDOW_MS)
    times.at.push(nowMs)
    this.#remembered += 1
    this.#users.delete(userId)
    this.#users.set(userId, times)
    this.#makeRoom()
    return null
  }

  /** How many users and times are held, for tests of the bound. */
  get size(): { users: number; times: number } {
    return { users: this.#users.size, times: this.#remembered }
  }

  #forgetBefore(times: Times, startMs: number): void {
    while ((times.at[times.from] ?? Number.POSITIVE_INFINITY) <= startMs) times.from += 1
    // Moved together once half of it is past, so that forgetting one costs no copy of all.
    if (times.from > 32 && times.from * 2 > times.at.length) {
      this.#remembered -= times.from
      times.at = times.at.slice(times.from)
      times.from = 0
    }
  }

  #makeRoom(): void {
    for (const [userId, times] of this.#users) {
      if (this.#remembered <= this.#maxRemembered || this.#users.size === 1) return
      this.#users.delete(userId)
      this.#remembered -= times.at.length
    }
  }
}
