import { boxMean } from './box-mean.ts'
import type { LabPlanes } from './lab-planes.ts'
import type { Superpixels } from './superpixels.ts'

/** Where the picture is in focus. */
export interface FocusCue {
  /** 0 where focus says nothing (a sharp border, or no fine detail anywhere) … 1 where only the subject is sharp. */
  confidence: number
  /** Per patch: 0 unsharp … 1 sharp, or enclosed by what is sharp. */
  sharpness: Float32Array
}

/** Width of the averaging window, as a share of the picture's side. */
const WINDOW_SHARE = 1 / 70
/** Fine gradient (Lab units a pixel) below which a picture has no detail that could be judged. */
const LEAST_DETAIL = 0.3
/** The border's sharpness as a share of the picture's: from `none` on the cue is silent, at `full` it is sure. */
const BORDER_SHARPNESS = { none: 0.5, full: 0.25 }
/** Border patches with a weaker hint than this may belong to the subject, so no path starts there. */
const START_HINT = 0.6

/** Photographers focus on the subject: fine detail inside and none along the border gives it away. */
export function measureFocus(lab: LabPlanes, patches: Superpixels, border: Float32Array): FocusCue {
  const detail = patchMeans(fineDetail(lab), patches)
  const top = detail.slice().sort()[Math.floor(0.95 * (patches.count - 1))] ?? 0
  let sum = 0
  let weight = 0
  for (let i = 0; i < patches.count; i++) {
    sum += (detail[i] as number) * (border[i] as number)
    weight += border[i] as number
  }
  if (top < LEAST_DETAIL || weight === 0) return { confidence: 0, sharpness: detail.fill(0) }
  const share = sum / weight / top
  const { none, full } = BORDER_SHARPNESS
  const confidence = Math.max(0, Math.min(1, (none - share) / (none - full)))
  return {
    confidence,
    sharpness: fillEnclosed(
      patches,
      border,
      detail.map((value) => Math.min(1, value / top)),
    ),
  }
}

/** Gradient of lightness minus that of its blurred copy: what only a sharp lens leaves. */
function fineDetail({ width, height, lightness }: LabPlanes): Float32Array {
  const smooth = boxMean(boxMean(lightness, width, height, 1), width, height, 1)
  const detail = new Float32Array(lightness.length)
  const gradient = (plane: Float32Array, i: number): number =>
    Math.hypot(
      (plane[i + 1] as number) - (plane[i - 1] as number),
      (plane[i + width] as number) - (plane[i - width] as number),
    )
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x
      detail[i] = Math.abs(gradient(lightness, i) - gradient(smooth, i))
    }
  }
  const radius = Math.max(2, Math.round(Math.sqrt(width * height) * WINDOW_SHARE))
  return boxMean(boxMean(detail, width, height, radius), width, height, radius)
}

function patchMeans(plane: Float32Array, patches: Superpixels): Float32Array {
  const sums = new Float32Array(patches.count)
  for (let i = 0; i < plane.length; i++)
    sums[patches.labels[i] as number] = (sums[patches.labels[i] as number] as number) + (plane[i] as number)
  return sums.map((sum, patch) => sum / (patches.size[patch] as number))
}

/**
 * The least sharpness that must be crossed to reach a patch from the border: an even shirt inside a sharp outline counts
 * as sharp. Dijkstra's algorithm with the maximum in place of the sum.
 */
function fillEnclosed(patches: Superpixels, border: Float32Array, sharpness: Float32Array): Float32Array {
  const { count, touching } = patches
  const neighbours: number[][] = Array.from({ length: count }, () => [])
  for (let k = 0; k < touching.length; k += 2) {
    const first = touching[k] as number
    const second = touching[k + 1] as number
    neighbours.at(first)?.push(second)
    neighbours.at(second)?.push(first)
  }
  const crossing = new Float32Array(count).fill(Infinity)
  for (let i = 0; i < count; i++) if ((border[i] as number) > START_HINT) crossing[i] = sharpness[i] as number
  const open = new Set(crossing.keys())
  while (open.size > 0) {
    let next = -1
    for (const i of open) if (next < 0 || (crossing[i] as number) < (crossing[next] as number)) next = i
    open.delete(next)
    for (const j of neighbours.at(next) ?? []) {
      crossing[j] = Math.min(crossing[j] as number, Math.max(crossing[next] as number, sharpness[j] as number))
    }
  }
  const reached = crossing.map((value) => (value === Infinity ? 0 : value))
  const top = Math.max(1e-6, ...reached)
  return reached.map((value) => value / top)
}
