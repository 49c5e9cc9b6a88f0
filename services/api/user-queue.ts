/**
 * Does one user's changes one after another within this process. They meet in `usage/{uid}` anyway; fifty transactions at
 * once over one document would spend their time undoing each other.
 */
export class UserQueue {
  /** The end of each user's queue; a user without work has none. */
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs `work` after all that was asked before for that user, whatever became of it. */
  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(userId) ?? Promise.resolve()
    const running = before.then(work)
    const tail = running.then(
      () => {},
      () => {},
    )
    this.#tails.set(userId, tail)
    try {
      return await running
    } finally {
      if (this.#tails.get(userId) === tail) this.#tails.delete(userId)
    }
  }

  /** How many users have work, for tests of its end. */
  get size(): number {
    return this.#tails.size
  }
}
