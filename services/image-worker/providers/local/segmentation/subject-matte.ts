import { boxMean } from './box-mean.ts'
import { type AlphaModel, type ColourPlanes, fitAlphaModel } from './guided-alpha.ts'

/** Everything that a full-size cut-out is painted from, at the size of a small guide picture. */
export interface SubjectMatte {
  alpha: AlphaModel
  /** 0 background, 1 subject, 2 rim; per guide pixel. Only the rim needs arithmetic at full size. */
  zones: Uint8Array
  /** What the subject and the background look like near each guide pixel, for unmixing the rim. */
  subject: ColourPlanes
  background: ColourPlanes
}

/** Guide pixels around the mask's outline in which alpha may be fractional. */
const RIM_RADIUS = 5
const FILTER_RADIUS = 4
const SNAP_RADIUS = 9
const COLOUR_RADIUS = 7

/** Turns a mask of 0 and 1 at the guide's size into a matte. */
export function toSubjectMatte(guide: ColourPlanes, mask: Uint8Array): SubjectMatte {
  const { width, height } = guide
  const hard = Float32Array.from(snapToEdges(guide, mask))
  const near = boxMean(hard, width, height, RIM_RADIUS)
  const zones = Uint8Array.from(near, (share) => (share < 1e-4 ? 0 : share > 1 - 1e-4 ? 1 : 2))
  const inverse = hard.map((value) => 1 - value)
  return {
    alpha: fitAlphaModel(guide, hard, FILTER_RADIUS),
    zones,
    subject: weightedColours(guide, hard),
    background: weightedColours(guide, inverse),
  }
}

/** Moves the outline, found on a smaller picture and so a pixel or two beside it, onto the nearest edge of colour. */
function snapToEdges(guide: ColourPlanes, mask: Uint8Array): Uint8Array {
  const hard = Float32Array.from(mask)
  const near = boxMean(hard, guide.width, guide.height, RIM_RADIUS)
  const alpha = fitAlphaModel(guide, hard, SNAP_RADIUS)
  return mask.map((value, i) => {
    const isRim = (near[i] as number) > 1e-4 && (near[i] as number) < 1 - 1e-4
    if (!isRim) return value
    const model =
      (alpha.red[i] as number) * (guide.red[i] as number) +
      (alpha.green[i] as number) * (guide.green[i] as number) +
      (alpha.blue[i] as number) * (guide.blue[i] as number) +
      (alpha.offset[i] as number)
    return model > 0.5 ? 1 : 0
  })
}

/** Mean colour of the weighted pixels near each pixel; a second, wider mean where there is none that near. */
function weightedColours(guide: ColourPlanes, weight: Float32Array): ColourPlanes {
  const { width, height } = guide
  const near = boxMean(weight, width, height, COLOUR_RADIUS)
  const wide = boxMean(weight, width, height, COLOUR_RADIUS * 4)
  const colour = (plane: Float32Array): Float32Array => {
    const weighted = plane.map((value, i) => value * (weight[i] as number))
    const nearSum = boxMean(weighted, width, height, COLOUR_RADIUS)
    const wideSum = boxMean(weighted, width, height, COLOUR_RADIUS * 4)
    return plane.map((value, i) => {
      if ((near[i] as number) > 0.02) return (nearSum[i] as number) / (near[i] as number)
      return (wide[i] as number) > 1e-3 ? (wideSum[i] as number) / (wide[i] as number) : value
    })
  }
  return { width, height, red: colour(guide.red), green: colour(guide.green), blue: colour(guide.blue) }
}
