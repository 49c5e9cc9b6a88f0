import { boxMean } from './box-mean.ts'

/** A picture's colours as planes of 0…1. */
export interface ColourPlanes {
  width: number
  height: number
  red: Float32Array
  green: Float32Array
  blue: Float32Array
}

/** Alpha as a linear function of colour around each pixel: alpha = red·r + green·g + blue·b + offset. */
export interface AlphaModel extends ColourPlanes {
  offset: Float32Array
}

/** Variance below which a colour difference is noise and the mask is smoothed instead of followed. */
const EPSILON = 2e-4

/** Splits interleaved 8-bit RGB into planes. */
export function toColourPlanes(rgb: Uint8Array, width: number, height: number): ColourPlanes {
  const plane = (channel: number): Float32Array => {
    const values = new Float32Array(width * height)
    for (let i = 0, j = channel; i < values.length; i++, j += 3) values[i] = (rgb[j] as number) / 255
    return values
  }
  return { width, height, red: plane(0), green: plane(1), blue: plane(2) }
}

/**
 * Fits the colour guided filter (He, Sun, Tang, PAMI 2013) to a mask of 0…1. Its coefficients vary slowly, so they may be
 * enlarged and applied to the full-size picture: the alpha then follows edges that the small picture does not have.
 */
export function fitAlphaModel(guide: ColourPlanes, mask: Float32Array, radius: number): AlphaModel {
  const { width, height, red, green, blue } = guide
  const mean = (plane: Float32Array): Float32Array => boxMean(plane, width, height, radius)
  const product = (p: Float32Array, q: Float32Array): Float32Array =>
    mean(p.map((value, i) => value * (q[i] as number)))
  const [meanR, meanG, meanB, meanMask] = [mean(red), mean(green), mean(blue), mean(mask)]
  const [rr, rg, rb] = [product(red, red), product(red, green), product(red, blue)]
  const [gg, gb, bb] = [product(green, green), product(green, blue), product(blue, blue)]
  const [rm, gm, bm] = [product(red, mask), product(green, mask), product(blue, mask)]
  const count = width * height
  const slopeR = new Float32Array(count)
  const slopeG = new Float32Array(count)
  const slopeB = new Float32Array(count)
  const offset = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    const [r, g, b, m] = [meanR[i] as number, meanG[i] as number, meanB[i] as number, meanMask[i] as number]
    const xx = (rr[i] as number) - r * r + EPSILON
    const xy = (rg[i] as number) - r * g
    const xz = (rb[i] as number) - r * b
    const yy = (gg[i] as number) - g * g + EPSILON
    const yz = (gb[i] as number) - g * b
    const zz = (bb[i] as number) - b * b + EPSILON
    const u = (rm[i] as number) - r * m
    const v = (gm[i] as number) - g * m
    const w = (bm[i] as number) - b * m
    const c0 = yy * zz - yz * yz
    const c1 = xz * yz - xy * zz
    const c2 = xy * yz - xz * yy
    const determinant = xx * c0 + xy * c1 + xz * c2
    const sr = (c0 * u + c1 * v + c2 * w) / determinant
    const sg = (c1 * u + (xx * zz - xz * xz) * v + (xy * xz - xx * yz) * w) / determinant
    const sb = (c2 * u + (xy * xz - xx * yz) * v + (xx * yy - xy * xy) * w) / determinant
    slopeR[i] = sr
    slopeG[i] = sg
    slopeB[i] = sb
    offset[i] = m - sr * r - sg * g - sb * b
  }
  return { width, height, red: mean(slopeR), green: mean(slopeG), blue: mean(slopeB), offset: mean(offset) }
}
