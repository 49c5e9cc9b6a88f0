/** Whether everything is to be tried, whatever time it takes. */
export const isFull = process.env.FULL === '1'

/**
 * How many of a thing a suite tries: what fits into the gate's time, or, with FULL=1, as many as it was made for. Fewer are never
 * other ones: a part of the same list.
 */
export function howMany(sizes: { gate: number; full: number }): number {
  return isFull ? sizes.full : sizes.gate
}

/** A list, or in the gate every n-th of it. */
export function everyNth<T>(all: readonly T[], n: number): T[] {
  return all.filter((_, index) => isFull || index % n === 0)
}
