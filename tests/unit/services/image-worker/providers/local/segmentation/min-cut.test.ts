import { seededRandom } from '../../../../../../../bench/background-quality/random.ts'
import {
  type GridCut,
  minCut,
} from '../../../../../../../services/image-worker/providers/local/segmentation/min-cut.ts'

/** What a labelling costs: the terminal cost of its wrong side (shifted so that it is never negative) and each separated pair. */
function costOf(problem: GridCut, side: ArrayLike<number>): number {
  const { width, height } = problem
  let cost = 0
  for (let i = 0; i < width * height; i++) {
    const terminal = problem.terminal[i]!
    if (side[i] === 1) cost += Math.max(0, -terminal)
    else cost += Math.max(0, terminal)
    const x = i % width
    const separated = (j: number): boolean => side[i] !== side[j]
    if (x + 1 < width && separated(i + 1)) cost += problem.right[i]!
    if (i + width >= width * height) continue
    if (separated(i + width)) cost += problem.below[i]!
    if (x + 1 < width && separated(i + width + 1)) cost += problem.belowRight[i]!
    if (x > 0 && separated(i + width - 1)) cost += problem.belowLeft[i]!
  }
  return cost
}

test('no labelling of a small grid costs less than the cut that is found', () => {
  const random = seededRandom(7)
  const [width, height] = [4, 3]
  const plane = (low: number, high: number): Int32Array =>
    Int32Array.from({ length: width * height }, () => Math.round(low + random() * (high - low)))
  for (let round = 0; round < 40; round++) {
    const problem: GridCut = {
      width,
      height,
      terminal: plane(-50, 50),
      right: plane(0, 30),
      below: plane(0, 30),
      belowRight: plane(0, 20),
      belowLeft: plane(0, 20),
    }
    let least = Infinity
    for (let labelling = 0; labelling < 2 ** (width * height); labelling++) {
      const side = Array.from({ length: width * height }, (_, i) => (labelling >> i) & 1)
      least = Math.min(least, costOf(problem, side))
    }
    expect(costOf(problem, minCut(problem))).toBe(least)
  }
})
