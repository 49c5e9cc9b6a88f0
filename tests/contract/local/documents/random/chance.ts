/** Repeatable chance: the same seed gives the same run. */
export interface Chance {
  /** From 0 up to below `below`. */
  integer(below: number): number
  pick<T>(items: readonly T[]): T
  /** True in `percent` of the calls. */
  percent(percent: number): boolean
}

/** mulberry32: small, and good enough to choose test data. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number) => Math.floor(next() * below)
  return {
    integer,
    pick: (items) => items[integer(items.length)] as (typeof items)[number],
    percent: (percent) => next() * 100 < percent,
  }
}
