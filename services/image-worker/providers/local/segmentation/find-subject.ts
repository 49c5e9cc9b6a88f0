import { borderHint } from './border-hint.ts'
import { type Frame, findFrame } from './crop-bars.ts'
import { measureFocus } from './focus-cue.ts'
import { toLabPlanes } from './lab-planes.ts'
import { cleanMask } from './mask-cleanup.ts'
import { neighbourCosts } from './neighbour-costs.ts'
import { otsuThreshold } from './otsu-threshold.ts'
import { COST_SCALE, refineMask } from './refine-mask.ts'
import { measureSaliency } from './saliency.ts'
import { cutIntoSuperpixels } from './superpixels.ts'

/** A small 8-bit sRGB picture, three bytes a pixel. */
export interface SmallPicture {
  width: number
  height: number
  rgb: Uint8Array
}

const PATCHES = 350
const SMOOTHNESS = 12 * COST_SCALE
const CLEANUP = { islandShare: 0.25, holeShare: 0.03 }
/** A mask outside these shares of the picture is no subject that anybody would want cut out. */
const PLAUSIBLE_SHARE = { least: 0.005, most: 0.97 }

/**
 * Ways to read the same guess; where they disagree the majority counts, since each goes wrong on other pictures.
 * `adapt`: how far the threshold follows the picture's own distribution.
 */
const READINGS = [
  { adapt: 0, backgroundBelow: 0.3, positionWeight: 0.3 },
  { adapt: 0, backgroundBelow: 0.5, positionWeight: 0.4 },
  { adapt: 0.4, backgroundBelow: 0.3, positionWeight: 0.5 },
]
const ADAPT_LIMITS = { down: -0.25, up: 0.2 }
const ROUNDS = 3
/** Share of the readings' votes, against the first guess, in the guess of the last cut. */
const VOTE_WEIGHT = 0.5

/** Finds the subject: 1 where a pixel belongs to it. Null when nothing stands out. */
export function findSubject(picture: SmallPicture): Uint8Array | null {
  const frame = findFrame(picture.rgb, picture.width, picture.height)
  const found = findInFrame(cropTo(picture, frame))
  if (found === null) return null
  const mask = new Uint8Array(picture.width * picture.height)
  for (let y = 0; y < frame.height; y++) {
    mask.set(found.subarray(y * frame.width, (y + 1) * frame.width), (frame.top + y) * picture.width + frame.left)
  }
  return mask
}

function cropTo(picture: SmallPicture, { left, top, width, height }: Frame): SmallPicture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3
    rgb.set(picture.rgb.subarray(start, start + width * 3), y * width * 3)
  }
  return { width, height, rgb }
}

function findInFrame({ width, height, rgb }: SmallPicture): Uint8Array | null {
  const lab = toLabPlanes(rgb, width, height)
  const patches = cutIntoSuperpixels(lab, PATCHES)
  const border = borderHint(patches, width, height)
  const saliency = measureSaliency(patches, border, measureFocus(lab, patches, border))
  if (saliency === null) return null
  const guess = Float32Array.from(patches.labels, (patch) => saliency[patch] as number)
  const links = neighbourCosts(lab, SMOOTHNESS)
  const skew = Math.max(ADAPT_LIMITS.down, Math.min(ADAPT_LIMITS.up, otsuThreshold(guess) - 0.5))
  const votes = new Float32Array(guess.length)
  for (const { adapt, backgroundBelow, positionWeight } of READINGS) {
    const prior = guess.map((value) => value - adapt * skew)
    const mask = refineMask(lab, links, { prior, backgroundBelow, positionWeight, rounds: ROUNDS })
    const cleaned = cleanMask(mask, width, CLEANUP)
    for (let i = 0; i < votes.length; i++) votes[i] = (votes[i] as number) + (cleaned[i] as number) / READINGS.length
  }
  const prior = guess.map((value, i) => VOTE_WEIGHT * (votes[i] as number) + (1 - VOTE_WEIGHT) * value)
  const mask = refineMask(lab, links, { prior, backgroundBelow: 0.5, positionWeight: 0.4, rounds: 1 })
  return plausible(cleanMask(mask, width, CLEANUP))
}

function plausible(mask: Uint8Array): Uint8Array | null {
  let area = 0
  for (const value of mask) area += value
  const share = area / mask.length
  return share >= PLAUSIBLE_SHARE.least && share <= PLAUSIBLE_SHARE.most ? mask : null
}
