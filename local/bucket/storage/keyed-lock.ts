/** Runs work on the same key one after the other, in the order of arrival; work on other keys goes on beside it. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(key) ?? Promise.resolve()
    const { promise: tail, resolve: release } = Promise.withResolvers<void>()
    this.#tails.set(key, tail)
    try {
      await previous
      return await work()
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
      release()
    }
  }

  /** Holds several keys at once, taken in sorted order so that two such calls cannot wait for each other. */
  runAll<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = [...new Set(keys)].sort()
    if (first === undefined) return work()
    return this.run(first, () => this.runAll(rest, work))
  }
}
