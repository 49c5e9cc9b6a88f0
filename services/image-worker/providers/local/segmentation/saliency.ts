import type { FocusCue } from './focus-cue.ts'
import type { Superpixels } from './superpixels.ts'

/** The subject's contrast with its background, in Lab units, below which nothing stands out. */
const LEAST_CONTRAST = 4
/** Where subjects are: around the middle, a little below it, higher than wide. Standard deviation as a share of the picture. */
const CENTRE = { x: 0.5, y: 0.55, sigma: 0.3, verticalWeight: 0.6 }
/** How far the focus cue, fully sure of itself, may push a patch to either side. */
const FOCUS = { unsharpLoss: 0.8, sharpGain: 0.5, sharpRelease: 0.7, unsharpBackground: 0.4 }

/** Lab distance within which colours count as one surface. */
const COLOUR_SIGMA = 10
/** Reach of contrast, as a share of the picture's side. */
const REACH_SIGMA = 0.25
const SMOOTH_FLOOR = 0.1
const SOLVER_ROUNDS = 60

/**
 * How much each patch looks like the subject, 0…1, or null when nothing stands out. From the connectivity of each patch to
 * the border (Zhu et al., CVPR 2014): a surface that touches the border along much of its outline is background, even when
 * it surrounds nothing; what contrasts with it is the subject. `border` is 0…1 per patch: how much of a background hint
 * its contact with the border is.
 */
export function measureSaliency(patches: Superpixels, border: Float32Array, focus: FocusCue): Float32Array | null {
  const colour = colourDistances(patches)
  const background = borderConnectivity(patches, border, geodesicDistances(patches, border, colour))
  const contrast = backgroundContrast(patches, colour, background)
  if (contrast === null) return null
  const subject = stretch(contrast.map((value, i) => value * centrality(patches, i)))
  applyFocus(patches, focus, subject, background)
  return optimise(patches, border, colour, background, subject)
}

function centrality({ x, y }: Superpixels, i: number): number {
  const distance = ((x[i] as number) - CENTRE.x) ** 2 + CENTRE.verticalWeight * ((y[i] as number) - CENTRE.y) ** 2
  return Math.exp(-distance / (2 * CENTRE.sigma * CENTRE.sigma))
}

function applyFocus(patches: Superpixels, focus: FocusCue, subject: Float32Array, background: Float32Array): void {
  for (let i = 0; i < patches.count; i++) {
    const sharp = focus.confidence * (focus.sharpness[i] as number)
    const unsharp = focus.confidence * (1 - (focus.sharpness[i] as number))
    const lifted = Math.min(1, (subject[i] as number) + FOCUS.sharpGain * sharp * centrality(patches, i))
    subject[i] = lifted * (1 - FOCUS.unsharpLoss * unsharp)
    background[i] = Math.max(
      (background[i] as number) * (1 - FOCUS.sharpRelease * sharp),
      FOCUS.unsharpBackground * unsharp,
    )
  }
}

function colourDistances({ count, lightness, a, b }: Superpixels): Float32Array {
  const distance = new Float32Array(count * count)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const d = Math.hypot(
        (lightness[i] as number) - (lightness[j] as number),
        (a[i] as number) - (a[j] as number),
        (b[i] as number) - (b[j] as number),
      )
      distance[i * count + j] = d
      distance[j * count + i] = d
    }
  }
  return distance
}

function geodesicDistances(patches: Superpixels, border: Float32Array, colour: Float32Array): Float32Array {
  const { count, touching } = patches
  const way = new Float32Array(count * count).fill(Infinity)
  const nearest = new Float32Array(count).fill(Infinity)
  const link = (i: number, j: number, d: number): void => {
    way[i * count + j] = d
    way[j * count + i] = d
  }
  for (let k = 0; k < touching.length; k += 2) {
    const d = colour[(touching[k] as number) * count + (touching[k + 1] as number)] as number
    nearest[touching[k] as number] = Math.min(nearest[touching[k] as number] as number, d)
    nearest[touching[k + 1] as number] = Math.min(nearest[touching[k + 1] as number] as number, d)
  }
  // Small steps are texture, not edges: the mean step to the most alike neighbour costs nothing.
  let clip = 0
  for (let i = 0; i < count; i++) if ((nearest[i] as number) < Infinity) clip += (nearest[i] as number) / count
  for (let k = 0; k < touching.length; k += 2) {
    link(
      touching[k] as number,
      touching[k + 1] as number,
      Math.max(0, (colour[(touching[k] as number) * count + (touching[k + 1] as number)] as number) - clip),
    )
  }
  for (let i = 0; i < count; i++) {
    if ((border[i] as number) > 0) {
      for (let j = 0; j < i; j++)
        if ((border[j] as number) > 0) link(i, j, Math.max(0, (colour[i * count + j] as number) - clip))
    }
    way[i * count + i] = 0
  }
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < count; i++) {
      const first = way[i * count + k] as number
      if (first === Infinity || first > 5 * COLOUR_SIGMA) continue
      for (let j = 0; j < count; j++) {
        const through = first + (way[k * count + j] as number)
        if (through < (way[i * count + j] as number)) way[i * count + j] = through
      }
    }
  }
  return way
}

function borderConnectivity({ count }: Superpixels, border: Float32Array, way: Float32Array): Float32Array {
  const background = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    let area = 0
    let contact = 0
    for (let j = 0; j < count; j++) {
      const d = way[i * count + j] as number
      if (d > 5 * COLOUR_SIGMA) continue
      const near = Math.exp((-d * d) / (2 * COLOUR_SIGMA * COLOUR_SIGMA))
      area += near
      contact += near * (border[j] as number)
    }
    const connectivity = contact / Math.sqrt(area)
    background[i] = 1 - Math.exp((-connectivity * connectivity) / 2)
  }
  return background
}

function backgroundContrast(patches: Superpixels, colour: Float32Array, background: Float32Array): Float32Array | null {
  const { count, x, y } = patches
  const contrast = new Float32Array(count)
  let strongest = 0
  for (let i = 0; i < count; i++) {
    let sum = 0
    let weight = 1e-6
    for (let j = 0; j < count; j++) {
      const d2 = ((x[i] as number) - (x[j] as number)) ** 2 + ((y[i] as number) - (y[j] as number)) ** 2
      const near = Math.exp(-d2 / (2 * REACH_SIGMA * REACH_SIGMA)) * (background[j] as number)
      sum += (colour[i * count + j] as number) * near
      weight += near
    }
    contrast[i] = sum
    strongest = Math.max(strongest, sum / weight)
  }
  return strongest < LEAST_CONTRAST ? null : contrast
}

/** Least squares: background patches to 0, contrasting ones to 1, alike neighbours to one value. Gauss–Seidel. */
function optimise(
  patches: Superpixels,
  border: Float32Array,
  colour: Float32Array,
  background: Float32Array,
  contrast: Float32Array,
): Float32Array {
  const { count } = patches
  const neighbours: Map<number, number>[] = Array.from({ length: count }, () => new Map())
  const join = (i: number, j: number): void => {
    const d = colour[i * count + j] as number
    const weight = Math.exp((-d * d) / (2 * COLOUR_SIGMA * COLOUR_SIGMA)) + SMOOTH_FLOOR
    neighbours.at(i)?.set(j, weight)
    neighbours.at(j)?.set(i, weight)
  }
  for (let k = 0; k < patches.touching.length; k += 2)
    join(patches.touching[k] as number, patches.touching[k + 1] as number)
  for (let i = 0; i < count; i++) {
    if ((border[i] as number) > 0) for (let j = 0; j < i; j++) if ((border[j] as number) > 0) join(i, j)
  }
  const subject = contrast.slice()
  for (let round = 0; round < SOLVER_ROUNDS; round++) {
    for (let i = 0; i < count; i++) {
      let weight = (background[i] as number) + (contrast[i] as number) + 1e-6
      let sum = contrast[i] as number
      for (const [j, w] of neighbours.at(i) ?? []) {
        weight += w
        sum += w * (subject[j] as number)
      }
      subject[i] = sum / weight
    }
  }
  return stretch(subject)
}

function stretch(values: Float32Array): Float32Array {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const range = high - low
  return values.map((value) => (range > 1e-6 ? (value - low) / range : 0))
}
