/**
 * Orders names by their UTF-8 bytes, as listings do. JavaScript's own order (UTF-16 units) differs in one place: it puts
 * surrogate pairs (U+10000 and up) before U+E000…U+FFFF.
 */
export function compareNames(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff
  return isSurrogate ? unit + 0x10000 : unit
}

/** The names of a bucket's objects, always sorted, so that a listing starts anywhere in logarithmic time. */
export class SortedNames {
  #names: string[]

  constructor(names: Iterable<string> = []) {
    this.#names = [...names].sort(compareNames)
  }

  get length(): number {
    return this.#names.length
  }

  at(index: number): string | undefined {
    return this.#names[index]
  }

  add(name: string): void {
    const index = this.indexFrom(name)
    if (this.#names[index] !== name) this.#names.splice(index, 0, name)
  }

  delete(name: string): void {
    const index = this.indexFrom(name)
    if (this.#names[index] === name) this.#names.splice(index, 1)
  }

  /** The index of the first name that is not before `name`. */
  indexFrom(name: string): number {
    return this.#firstIndex((candidate) => compareNames(candidate, name) >= 0)
  }

  /** The index of the first name after all that begin with `prefix`. */
  indexAfterPrefix(prefix: string): number {
    return this.#firstIndex((candidate) => compareNames(candidate, prefix) > 0 && !candidate.startsWith(prefix))
  }

  #firstIndex(isPast: (name: string) => boolean): number {
    let low = 0
    let high = this.#names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isPast(this.#names[middle] ?? '')) high = middle
      else low = middle + 1
    }
    return low
  }
}
