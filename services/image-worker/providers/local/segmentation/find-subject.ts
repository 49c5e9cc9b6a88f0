import { borderHint } from './border-hint.ts'
import { type Frame, findFrame } from './crop-bars.ts'
import { measureFocus } from './focus-cue.ts'
import { toLabPlanes } from './lab-planes.ts'
import { cleanMask } from './mask-cleanup.ts'
import { overlap } from './most-agreed-mask.ts'
import { BOLD, CAUTIOUS, refineMask } from './refine-mask.ts'
import { measureSaliency } from './saliency.ts'
import { cutIntoSuperpixels } from './superpixels.ts'

/** A small 8-bit sRGB picture, three bytes a pixel. */
export interface SmallPicture {
  width: number
  height: number
  rgb: Uint8Array
}

const PATCHES = 350
const CLEANUP = { islandShare: 0.25, holeShare: 0.03 }
/** A mask outside these shares of the picture is no subject that anybody would want cut out. */
const PLAUSIBLE_SHARE = { least: 0.005, most: 0.97 }

/** Where the second search looks for a subject, as shares of the picture. People stand near the lower edge. */
const CENTRE = { left: 0.12, right: 0.88, top: 0.1, bottom: 0.95 }
const CENTRE_PRIOR = { inside: 0.51, outside: 0.02 }
/** What the first search found against what it guessed, in the guess of a third where the two disagree. */
const FOUND_WEIGHT = 0.7
/** From this overlap on (intersection over union) two searches have found the same thing. */
const SAME_SUBJECT = 0.5

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
  const search = { backgroundBelow: 0.3, positionWeight: 0.3, rounds: 2 }
  const salient = cleanMask(refineMask(lab, { ...search, prior: guess, trust: CAUTIOUS }), width, CLEANUP)
  // Colours and edges alone, started in the middle, draw the better outline, but now and then around the wrong thing.
  const central = refineMask(lab, {
    backgroundBelow: 0.3,
    positionWeight: 0,
    rounds: 3,
    prior: centrePrior(width, height),
    trust: BOLD,
  })
  const cleaned = cleanMask(central, width, CLEANUP)
  if (overlap(salient, cleaned) > SAME_SUBJECT) return plausible(cleaned)
  const prior = guess.map((value, i) => FOUND_WEIGHT * (salient[i] as number) + (1 - FOUND_WEIGHT) * value)
  return plausible(cleanMask(refineMask(lab, { ...search, rounds: 3, prior, trust: BOLD }), width, CLEANUP))
}

function centrePrior(width: number, height: number): Float32Array {
  const prior = new Float32Array(width * height).fill(CENTRE_PRIOR.outside)
  for (let y = Math.ceil(CENTRE.top * height); y < CENTRE.bottom * height; y++) {
    prior.fill(
      CENTRE_PRIOR.inside,
      y * width + Math.ceil(CENTRE.left * width),
      y * width + Math.floor(CENTRE.right * width),
    )
  }
  return prior
}

function plausible(mask: Uint8Array): Uint8Array | null {
  let area = 0
  for (const value of mask) area += value
  const share = area / mask.length
  return share >= PLAUSIBLE_SHARE.least && share <= PLAUSIBLE_SHARE.most ? mask : null
}
