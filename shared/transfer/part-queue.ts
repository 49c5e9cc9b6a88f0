/** The parts that nobody has taken yet, the first ones first: the hash follows in order. */
export class PartQueue {
  readonly #pending: Set<number>

  constructor(indexes: Iterable<number>) {
    this.#pending = new Set(indexes)
  }

  get size(): number {
    return this.#pending.size
  }

  takeFirst(): number | null {
    if (this.#pending.size === 0) return null
    let first = Number.POSITIVE_INFINITY
    for (const index of this.#pending) first = Math.min(first, index)
    this.#pending.delete(first)
    return first
  }

  /** Whether this very part was still there to be taken. */
  take(index: number): boolean {
    return this.#pending.delete(index)
  }

  giveBack(index: number): void {
    this.#pending.add(index)
  }

  /** The last of the untaken parts that follow `index` without a gap; `index` itself where the next one is taken. */
  endOfRun(index: number): number {
    let end = index
    while (this.#pending.has(end + 1)) end++
    return end
  }
}
