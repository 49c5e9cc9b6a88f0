import type { LabPlanes } from './lab-planes.ts'

/**
 * Weighted Gaussians over colour and, as far as `positionWeight` says, position. Per component: five means (L, a, b, x, y), the six numbers of the inverse
 * colour covariance, two inverse position variances, and the logarithm of its weight over its volume.
 */
export interface ColourMixture {
  count: number
  positionWeight: number
  components: Float64Array
}

const FIELDS = 14
/** Variance added to each axis: no colour (Lab units) or position (per cent of a side) is known better than this. */
const NOISE_VARIANCE = 6
const POSITION_VARIANCE = 40
/** How much a per cent of distance counts against a Lab unit when pixels are grouped. */
const GROUPING_POSITION_WEIGHT = 0.2
const KMEANS_ROUNDS = 6
const MAX_SAMPLES = 6_000
/** Values of one sample: L, a, b, x, y (per cent of a side). */
const VALUES = 5

/**
 * Fits `count` components or fewer to the pixels of `mask` that are 1, by k-means started at spread-out colours (no chance
 * involved, so that one picture always gives one result). `positionWeight` is 0 for colours alone … 1 for full weight of
 * where they occur. Returns null without any pixel.
 */
export function fitColourMixture(
  lab: LabPlanes,
  mask: Uint8Array,
  count: number,
  positionWeight: number,
): ColourMixture | null {
  const samples = sample(lab, mask)
  if (samples.length === 0) return null
  const centres = spreadCentres(samples, count)
  const owner = new Uint8Array(samples.length / VALUES)
  for (let round = 0; round < KMEANS_ROUNDS; round++) {
    assignNearest(samples, centres, owner)
    moveCentres(samples, owner, centres)
  }
  assignNearest(samples, centres, owner)
  return toMixture(samples, owner, centres.length / 5, positionWeight)
}

/** Minus the logarithm of the mixture's density for every pixel. */
export function colourCost(lab: LabPlanes, { components, count, positionWeight }: ColourMixture): Float32Array {
  const { width, height, lightness, a: as, b: bs } = lab
  const cost = new Float32Array(width * height)
  for (let i = 0, y = 0; y < height; y++) {
    const v = (100 * y) / height
    for (let x = 0; x < width; x++, i++) {
      const u = (100 * x) / width
      const l = lightness[i] as number
      const a = as[i] as number
      const b = bs[i] as number
      let sum = 1e-12
      for (let c = 0; c < count * FIELDS; c += FIELDS) {
        const dl = l - (components[c] as number)
        const da = a - (components[c + 1] as number)
        const db = b - (components[c + 2] as number)
        const dx = u - (components[c + 3] as number)
        const dy = v - (components[c + 4] as number)
        const m =
          (components[c + 5] as number) * dl * dl +
          (components[c + 8] as number) * da * da +
          (components[c + 10] as number) * db * db +
          2 *
            ((components[c + 6] as number) * dl * da +
              (components[c + 7] as number) * dl * db +
              (components[c + 9] as number) * da * db) +
          positionWeight * ((components[c + 11] as number) * dx * dx + (components[c + 12] as number) * dy * dy)
        // Beyond this the density is below the floor that the sum starts with.
        if (m < 60) sum += Math.exp((components[c + 13] as number) - 0.5 * m)
      }
      cost[i] = -Math.log(sum)
    }
  }
  return cost
}

function sample(lab: LabPlanes, mask: Uint8Array): Float32Array {
  let total = 0
  for (let i = 0; i < mask.length; i++) total += mask[i] as number
  const every = Math.max(1, Math.ceil(total / MAX_SAMPLES))
  const samples = new Float32Array(Math.ceil(total / every) * VALUES)
  for (let i = 0, seen = 0, k = 0; i < mask.length; i++) {
    if ((mask[i] as number) === 0 || seen++ % every !== 0) continue
    samples[k++] = lab.lightness[i] as number
    samples[k++] = lab.a[i] as number
    samples[k++] = lab.b[i] as number
    samples[k++] = (100 * (i % lab.width)) / lab.width
    samples[k++] = (100 * Math.floor(i / lab.width)) / lab.height
  }
  return samples
}

function distanceTo(samples: Float32Array, s: number, centres: Float32Array, c: number): number {
  return (
    ((samples[s] as number) - (centres[c] as number)) ** 2 +
    ((samples[s + 1] as number) - (centres[c + 1] as number)) ** 2 +
    ((samples[s + 2] as number) - (centres[c + 2] as number)) ** 2 +
    GROUPING_POSITION_WEIGHT *
      (((samples[s + 3] as number) - (centres[c + 3] as number)) ** 2 +
        ((samples[s + 4] as number) - (centres[c + 4] as number)) ** 2)
  )
}

/** Starts at the mean, then takes again and again the sample whose squared distance is at the 90th percentile: far, but no outlier. */
function spreadCentres(samples: Float32Array, count: number): Float32Array {
  const all = new Float32Array(count * 5)
  const n = samples.length / VALUES
  moveCentres(samples, new Uint8Array(n), all.subarray(0, 5))
  const nearest = new Float32Array(n).fill(Infinity)
  let found = 1
  for (; found < count; found++) {
    for (let s = 0; s < n; s++)
      nearest[s] = Math.min(nearest[s] as number, distanceTo(samples, s * VALUES, all, (found - 1) * 5))
    const sorted = nearest.slice().sort()
    const wanted = sorted[Math.floor(0.9 * (n - 1))] as number
    if (wanted < NOISE_VARIANCE) break
    const chosen = nearest.indexOf(wanted) * VALUES
    all.set(samples.subarray(chosen, chosen + 5), found * 5)
  }
  return all.slice(0, found * 5)
}

function assignNearest(samples: Float32Array, centres: Float32Array, owner: Uint8Array): void {
  for (let s = 0; s < owner.length; s++) {
    let best = Infinity
    for (let c = 0; c < centres.length; c += 5) {
      const d = distanceTo(samples, s * VALUES, centres, c)
      if (d < best) {
        best = d
        owner[s] = c / 5
      }
    }
  }
}

function moveCentres(samples: Float32Array, owner: Uint8Array, centres: Float32Array): void {
  const sums = new Float64Array(centres.length)
  const sizes = new Float64Array(centres.length / VALUES)
  for (let s = 0; s < owner.length; s++) {
    const c = owner[s] as number
    sizes[c] = (sizes[c] as number) + 1
    for (let f = 0; f < VALUES; f++)
      sums[c * VALUES + f] = (sums[c * VALUES + f] as number) + (samples[s * VALUES + f] as number)
  }
  for (let i = 0; i < centres.length; i++) {
    const size = sizes[Math.floor(i / VALUES)] as number
    if (size > 0) centres[i] = (sums[i] as number) / size
  }
}

function toMixture(samples: Float32Array, owner: Uint8Array, count: number, positionWeight: number): ColourMixture {
  const components = new Float64Array(count * FIELDS)
  let filled = 0
  for (let c = 0; c < count; c++) {
    let size = 0
    let [l, a, b, x, y, ll, la, lb, aa, ab, bb, xx, yy] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    for (let s = 0; s < owner.length; s++) {
      if ((owner[s] as number) !== c) continue
      const sl = samples[s * VALUES] as number
      const sa = samples[s * VALUES + 1] as number
      const sb = samples[s * VALUES + 2] as number
      const sx = samples[s * VALUES + 3] as number
      const sy = samples[s * VALUES + 4] as number
      size++
      l += sl
      a += sa
      b += sb
      x += sx
      y += sy
      ll += sl * sl
      la += sl * sa
      lb += sl * sb
      aa += sa * sa
      ab += sa * sb
      bb += sb * sb
      xx += sx * sx
      yy += sy * sy
    }
    if (size === 0) continue
    l /= size
    a /= size
    b /= size
    x /= size
    y /= size
    const { inverse, determinant } = invertSymmetric([
      ll / size - l * l + NOISE_VARIANCE,
      la / size - l * a,
      lb / size - l * b,
      aa / size - a * a + NOISE_VARIANCE,
      ab / size - a * b,
      bb / size - b * b + NOISE_VARIANCE,
    ])
    const varianceX = xx / size - x * x + POSITION_VARIANCE
    const varianceY = yy / size - y * y + POSITION_VARIANCE
    const logScale =
      Math.log(size / owner.length) -
      0.5 * Math.log(determinant) -
      0.5 * positionWeight * Math.log(varianceX * varianceY)
    components.set([l, a, b, x, y, ...inverse, 1 / varianceX, 1 / varianceY, logScale], filled++ * FIELDS)
  }
  return { count: filled, positionWeight, components }
}

type Symmetric = [number, number, number, number, number, number]

/** Inverse of a symmetric 3×3 matrix given as [xx, xy, xz, yy, yz, zz]. */
function invertSymmetric(m: Symmetric): { inverse: number[]; determinant: number } {
  const [xx, xy, xz, yy, yz, zz] = m
  const c0 = yy * zz - yz * yz
  const c1 = xz * yz - xy * zz
  const c2 = xy * yz - xz * yy
  const determinant = Math.max(xx * c0 + xy * c1 + xz * c2, 1e-6)
  const cofactors = [c0, c1, c2, xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy]
  return { determinant, inverse: cofactors.map((value) => value / determinant) }
}
