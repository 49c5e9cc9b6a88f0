import { seededRandom } from '../../../../support/seeded-random.ts'

/** Repeatable chance: the same seed gives the same run. */
export interface Chance {
  /** From 0 up to below `below`. */
  integer(below: number): number
  pick<T>(items: readonly T[]): T
  /** True in `percent` of the calls. */
  percent(percent: number): boolean
}

export function chanceFrom(seed: number): Chance {
  const next = seededRandom(seed)
  const integer = (below: number) => Math.floor(next() * below)
  return {
    integer,
    pick: (items) => items[integer(items.length)] as (typeof items)[number],
    percent: (percent) => next() * 100 < percent,
  }
}
