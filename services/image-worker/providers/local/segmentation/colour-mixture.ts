import type { LabPlanes } from './lab-planes.ts'

/** One weighted Gaussian of a mixture, its inverse covariance stored as the six numbers of a symmetric matrix. */
interface Component {
  logScale: number
  mean: [number, number, number]
  inverse: [number, number, number, number, number, number]
}

export interface ColourMixture {
  components: Component[]
}

/** Variance (Lab units squared) added to each axis: no colour of a photograph is known better than this. */
const NOISE_VARIANCE = 6
const KMEANS_ROUNDS = 6
const MAX_SAMPLES = 12_000

/**
 * Fits a mixture of Gaussians to the pixels with weight > 0, by k-means started at spread-out colours (no chance
 * involved, so that one picture always gives one result). Returns null without any pixel.
 */
export function fitColourMixture(lab: LabPlanes, weight: Float32Array, count: number): ColourMixture | null {
  const samples = samplePixels(weight)
  if (samples.length === 0) return null
  const centres = spreadCentres(lab, weight, samples, count)
  let owner = assignNearest(lab, samples, centres)
  for (let round = 0; round < KMEANS_ROUNDS; round++) {
    moveCentres(lab, weight, samples, owner, centres)
    owner = assignNearest(lab, samples, centres)
  }
  return { components: toComponents(lab, weight, samples, owner, centres.length) }
}

/** Minus the logarithm of the mixture's density for every pixel. */
export function colourCost(lab: LabPlanes, mixture: ColourMixture): Float32Array {
  const cost = new Float32Array(lab.lightness.length)
  const { components } = mixture
  for (let i = 0; i < cost.length; i++) {
    const l = lab.lightness[i] as number
    const a = lab.a[i] as number
    const b = lab.b[i] as number
    let sum = 1e-12
    for (const { mean, inverse, logScale } of components) {
      const dl = l - (mean[0] as number)
      const da = a - (mean[1] as number)
      const db = b - (mean[2] as number)
      const m =
        (inverse[0] as number) * dl * dl +
        (inverse[3] as number) * da * da +
        (inverse[5] as number) * db * db +
        2 * ((inverse[1] as number) * dl * da + (inverse[2] as number) * dl * db + (inverse[4] as number) * da * db)
      sum += Math.exp(logScale - 0.5 * m)
    }
    cost[i] = -Math.log(sum)
  }
  return cost
}

function samplePixels(weight: Float32Array): Int32Array {
  let total = 0
  for (let i = 0; i < weight.length; i++) if ((weight[i] as number) > 0) total++
  const every = Math.max(1, Math.ceil(total / MAX_SAMPLES))
  const samples: number[] = []
  for (let i = 0, seen = 0; i < weight.length; i++) {
    if ((weight[i] as number) > 0 && seen++ % every === 0) samples.push(i)
  }
  return Int32Array.from(samples)
}

type Colour = [number, number, number]

const distanceSquared = (lab: LabPlanes, i: number, centre: Colour): number =>
  ((lab.lightness[i] as number) - (centre[0] as number)) ** 2 +
  ((lab.a[i] as number) - (centre[1] as number)) ** 2 +
  ((lab.b[i] as number) - (centre[2] as number)) ** 2

/** Starts at the mean, then takes again and again the sample whose squared distance is at the 90th percentile: far, but no outlier. */
function spreadCentres(lab: LabPlanes, weight: Float32Array, samples: Int32Array, count: number): Colour[] {
  const centres: Colour[] = [[0, 0, 0]]
  moveCentres(lab, weight, samples, new Uint8Array(samples.length), centres)
  const nearest = new Float32Array(samples.length).fill(Infinity)
  while (centres.length < count) {
    const last = centres.at(-1) ?? [0, 0, 0]
    for (let s = 0; s < samples.length; s++) {
      nearest[s] = Math.min(nearest[s] as number, distanceSquared(lab, samples[s] as number, last))
    }
    const sorted = nearest.slice().sort()
    const wanted = sorted[Math.floor(0.9 * (sorted.length - 1))] as number
    if (wanted < NOISE_VARIANCE) break
    const chosen = samples[nearest.indexOf(wanted)] as number
    centres.push([lab.lightness[chosen] as number, lab.a[chosen] as number, lab.b[chosen] as number])
  }
  return centres
}

function assignNearest(lab: LabPlanes, samples: Int32Array, centres: Colour[]): Uint8Array {
  return Uint8Array.from(samples, (i) => {
    let best = 0
    let bestDistance = Infinity
    for (const [c, centre] of centres.entries()) {
      const d = distanceSquared(lab, i, centre)
      if (d < bestDistance) {
        bestDistance = d
        best = c
      }
    }
    return best
  })
}

function moveCentres(
  lab: LabPlanes,
  weight: Float32Array,
  samples: Int32Array,
  owner: Uint8Array,
  centres: Colour[],
): void {
  for (const [c, centre] of centres.entries()) {
    let total = 0
    const sum: Colour = [0, 0, 0]
    for (let s = 0; s < samples.length; s++) {
      if ((owner[s] as number) !== c) continue
      const i = samples[s] as number
      const w = weight[i] as number
      total += w
      sum[0] = (sum[0] as number) + w * (lab.lightness[i] as number)
      sum[1] = (sum[1] as number) + w * (lab.a[i] as number)
      sum[2] = (sum[2] as number) + w * (lab.b[i] as number)
    }
    if (total === 0) continue
    centre[0] = (sum[0] as number) / total
    centre[1] = (sum[1] as number) / total
    centre[2] = (sum[2] as number) / total
  }
}

function toComponents(
  lab: LabPlanes,
  weight: Float32Array,
  samples: Int32Array,
  owner: Uint8Array,
  count: number,
): Component[] {
  // Per component: weight, three sums, six sums of products.
  const sums = new Float64Array(count * 10)
  let all = 0
  for (let s = 0; s < samples.length; s++) {
    const i = samples[s] as number
    const w = weight[i] as number
    const l = lab.lightness[i] as number
    const a = lab.a[i] as number
    const b = lab.b[i] as number
    const moments = [1, l, a, b, l * l, l * a, l * b, a * a, a * b, b * b]
    for (let m = 0; m < 10; m++)
      sums[(owner[s] as number) * 10 + m] = (sums[(owner[s] as number) * 10 + m] as number) + w * (moments[m] as number)
    all += w
  }
  const components: Component[] = []
  for (let c = 0; c < count; c++) {
    const [total = 0, l = 0, a = 0, b = 0, ll = 0, la = 0, lb = 0, aa = 0, ab = 0, bb = 0] = sums.subarray(
      c * 10,
      c * 10 + 10,
    )
    if (total <= 0) continue
    const mean: Colour = [l / total, a / total, b / total]
    const covariance: Component['inverse'] = [
      ll / total - (mean[0] as number) * (mean[0] as number) + NOISE_VARIANCE,
      la / total - (mean[0] as number) * (mean[1] as number),
      lb / total - (mean[0] as number) * (mean[2] as number),
      aa / total - (mean[1] as number) * (mean[1] as number) + NOISE_VARIANCE,
      ab / total - (mean[1] as number) * (mean[2] as number),
      bb / total - (mean[2] as number) * (mean[2] as number) + NOISE_VARIANCE,
    ]
    const { inverse, determinant } = invertSymmetric(covariance)
    components.push({ mean, inverse, logScale: Math.log(total / all) - 0.5 * Math.log(determinant) })
  }
  return components
}

/** Inverse of a symmetric 3×3 matrix given as [xx, xy, xz, yy, yz, zz]. */
function invertSymmetric(m: Component['inverse']): { inverse: Component['inverse']; determinant: number } {
  const [xx, xy, xz, yy, yz, zz] = m
  const c0 = yy * zz - yz * yz
  const c1 = xz * yz - xy * zz
  const c2 = xy * yz - xz * yy
  const determinant = Math.max(xx * c0 + xy * c1 + xz * c2, 1e-6)
  return {
    determinant,
    inverse: [
      c0 / determinant,
      c1 / determinant,
      c2 / determinant,
      (xx * zz - xz * xz) / determinant,
      (xy * xz - xx * yz) / determinant,
      (xx * yy - xy * xy) / determinant,
    ],
  }
}
