/** Microseconds since the epoch: Firestore's own precision, and exact as a JavaScript number until the year 2255. */
export type Micros = number

/** Commit and read times that never go back: a commit is later than every time given out before it. */
export interface CommitClock {
  /** A time at which a read sees every commit so far, and no later one. */
  readTime(): Micros
  /** The time of the next commit, later than every earlier commit and read. */
  commitTime(): Micros
  /** Continue after `time`, which a log from an earlier run holds. */
  advanceTo(time: Micros): void
}

/** `nowMs` may have fractions. */
export function createCommitClock(nowMs: () => number = preciseNow()): CommitClock {
  let last = 0
  const nowMicros = () => Math.floor(nowMs() * 1000)
  return {
    readTime() {
      last = Math.max(last, nowMicros())
      return last
    },
    commitTime() {
      last = Math.max(last + 1, nowMicros())
      return last
    },
    advanceTo(time) {
      last = Math.max(last, time)
    },
  }
}

/** The wall clock with fractions of a millisecond; follows Date when that is set or the machine has slept. */
function preciseNow(): () => number {
  let anchor = performance.timeOrigin
  return () => {
    const wall = Date.now()
    const precise = anchor + performance.now()
    if (Math.abs(precise - wall) < 20) return precise
    anchor = wall - performance.now()
    return wall
  }
}
