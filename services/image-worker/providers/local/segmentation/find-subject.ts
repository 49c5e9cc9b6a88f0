import { colourCost, fitColourMixture } from './colour-mixture.ts'
import { type LabPlanes, toLabPlanes } from './lab-planes.ts'
import { cleanMask } from './mask-cleanup.ts'
import { type GridCut, minCut } from './min-cut.ts'
import { measureSaliency } from './saliency.ts'
import { cutIntoSuperpixels, type Superpixels } from './superpixels.ts'

/** A small 8-bit sRGB picture, three bytes a pixel. */
export interface SmallPicture {
  width: number
  height: number
  rgb: Uint8Array
}

const PATCHES = 350
const MIXTURE_SIZE = 5
const CUT_ROUNDS = 4
/** Graph costs are whole numbers: this many to one unit of log likelihood. */
const COST_SCALE = 100
const SMOOTHNESS = 12
const PRIOR_WEIGHT = 1.5
const COLOUR_COST_LIMIT = 6

/** Finds the subject: 1 where a pixel belongs to it. Null when nothing stands out. */
export function findSubject(picture: SmallPicture): Uint8Array | null {
  const { width, height } = picture
  const lab = toLabPlanes(picture.rgb, width, height)
  const patches = cutIntoSuperpixels(lab, PATCHES)
  const saliency = measureSaliency(patches, borderHint(patches, width, height))
  const prior = Float32Array.from(patches.labels, (patch) => saliency.subject[patch] as number)
  const links = neighbourCosts(lab)
  let mask = Uint8Array.from(prior, (value) => (value > 0.5 ? 1 : 0))
  for (let round = 0; round < CUT_ROUNDS; round++) {
    const subject = fitColourMixture(lab, Float32Array.from(mask), MIXTURE_SIZE)
    const background = fitColourMixture(
      lab,
      Float32Array.from(mask, (value) => 1 - value),
      MIXTURE_SIZE,
    )
    if (subject === null || background === null) return null
    const subjectCost = colourCost(lab, subject)
    const backgroundCost = colourCost(lab, background)
    const terminal = Int32Array.from(prior, (value, i) => {
      const p = Math.min(0.98, Math.max(0.02, value))
      const colour = Math.max(
        -COLOUR_COST_LIMIT,
        Math.min(COLOUR_COST_LIMIT, (backgroundCost[i] as number) - (subjectCost[i] as number)),
      )
      return COST_SCALE * (colour + PRIOR_WEIGHT * Math.log(p / (1 - p)))
    })
    mask = minCut({ ...links, terminal }) as Uint8Array<ArrayBuffer>
  }
  const cleaned = cleanMask(mask, width, { islandShare: 0.1, holeShare: 0.03 })
  return cleaned.includes(1) ? cleaned : null
}

function borderHint(patches: Superpixels, width: number, height: number): Float32Array {
  const border = new Float32Array(patches.count)
  for (let i = 0; i < patches.labels.length; i++) {
    const x = i % width
    if (x === 0 || x === width - 1 || i < width || i >= width * (height - 1)) border[patches.labels[i] as number] = 1
  }
  return border
}

/** Costs of separating neighbours: high inside an even surface, low across an edge. */
function neighbourCosts(lab: LabPlanes): Omit<GridCut, 'terminal'> {
  const { width, height } = lab
  const difference = (i: number, j: number): number =>
    ((lab.lightness[i] as number) - (lab.lightness[j] as number)) ** 2 +
    ((lab.a[i] as number) - (lab.a[j] as number)) ** 2 +
    ((lab.b[i] as number) - (lab.b[j] as number)) ** 2
  const count = width * height
  let sum = 0
  for (let i = 0; i + width < count; i++) sum += difference(i, i + width)
  const beta = 1 / Math.max(2 * (sum / Math.max(1, count - width)), 1)
  const costs = (dx: number, dy: number): Int32Array => {
    const plane = new Int32Array(count)
    const reach = Math.hypot(dx, dy)
    for (let y = 0; y + dy < height; y++) {
      for (let x = Math.max(0, -dx); x + dx < width && x < width; x++) {
        const i = y * width + x
        plane[i] = (COST_SCALE * SMOOTHNESS * Math.exp(-beta * difference(i, i + dy * width + dx))) / reach
      }
    }
    return plane
  }
  return { width, height, right: costs(1, 0), below: costs(0, 1), belowRight: costs(1, 1), belowLeft: costs(-1, 1) }
}
