import type { LabPlanes } from './lab-planes.ts'
import type { GridCut } from './min-cut.ts'

/**
 * Costs of separating neighbouring pixels for a grid cut: `strength` inside an even surface, falling towards 0 across an
 * edge that is strong for this picture (Boykov and Jolly, ICCV 2001).
 */
export function neighbourCosts(lab: LabPlanes, strength: number): Omit<GridCut, 'terminal'> {
  const { width, height } = lab
  const count = width * height
  const difference = (i: number, j: number): number =>
    ((lab.lightness[i] as number) - (lab.lightness[j] as number)) ** 2 +
    ((lab.a[i] as number) - (lab.a[j] as number)) ** 2 +
    ((lab.b[i] as number) - (lab.b[j] as number)) ** 2
  let sum = 0
  for (let i = 0; i + width < count; i++) sum += difference(i, i + width)
  const beta = 1 / Math.max(2 * (sum / Math.max(1, count - width)), 1)
  const costs = (dx: number, dy: number): Int32Array => {
    const plane = new Int32Array(count)
    const reach = Math.hypot(dx, dy)
    for (let y = 0; y + dy < height; y++) {
      for (let x = Math.max(0, -dx); x + dx < width && x < width; x++) {
        const i = y * width + x
        plane[i] = (strength * Math.exp(-beta * difference(i, i + dy * width + dx))) / reach
      }
    }
    return plane
  }
  return { width, height, right: costs(1, 0), below: costs(0, 1), belowRight: costs(1, 1), belowLeft: costs(-1, 1) }
}
