/**
 * How many of a thing a suite tries: what fits into the gate's time, or, with FULL=1, as many as it was made for. Fewer are never
 * other ones: a part of the same list.
 */
export function howMany(sizes: { gate: number; full: number }): number {
  return process.env.FULL === '1' ? sizes.full : sizes.gate
}
