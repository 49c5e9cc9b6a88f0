import type { Superpixels } from './superpixels.ts'

/** What contact with the middle of the lower edge counts for: people and busts stand on it. */
const FOOT_HINT = 0.3
/** Half the width of the lower edge (share of the picture) over which that hint rises to 1 towards the corners. */
const FOOT_REACH = 0.4
const FOOT_HEIGHT = 0.9

/** How strongly each patch's contact with the picture's border says "background": 0 without contact … 1. */
export function borderHint(patches: Superpixels, width: number, height: number): Float32Array {
  const hint = new Float32Array(patches.count)
  for (let i = 0; i < patches.labels.length; i++) {
    const x = i % width
    if (x === 0 || x === width - 1 || i < width || i >= width * (height - 1)) hint[patches.labels[i] as number] = 1
  }
  return hint.map((value, patch) => {
    if (value === 0 || (patches.y[patch] as number) <= FOOT_HEIGHT) return value
    return FOOT_HINT + (1 - FOOT_HINT) * Math.min(1, Math.abs((patches.x[patch] as number) - 0.5) / FOOT_REACH) ** 2
  })
}
