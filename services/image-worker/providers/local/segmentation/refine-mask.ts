import { colourCost, fitColourMixture } from './colour-mixture.ts'
import type { LabPlanes } from './lab-planes.ts'
import { minCut } from './min-cut.ts'
import { neighbourCosts } from './neighbour-costs.ts'

/** One way of getting from a guess to a mask. */
export interface Refinement {
  /** Guess per pixel: 0 background … 1 subject. */
  prior: Float32Array
  /** Guesses below this teach the first round what the background looks like. */
  backgroundBelow: number
  /** How much it counts where a colour occurs, 0…1. */
  positionWeight: number
  rounds: number
  trust: Trust
}

/** What a cut goes by, in units of log likelihood. */
export interface Trust {
  /** The guess, as a factor on its log odds. */
  priorWeight: number
  /** The most that one pixel's colour may say for a side. */
  colourLimit: number
  /** Cost of a cut through an even surface, a pixel. */
  smoothness: number
}

/** Goes by the guess; colours only correct it. */
export const CAUTIOUS: Trust = { priorWeight: 1.5, colourLimit: 6, smoothness: 12 }
/** Goes by colours and edges; the guess is only where it starts. */
export const BOLD: Trust = { priorWeight: 0.5, colourLimit: 50, smoothness: 50 }

/** Graph costs are whole numbers: this many to one unit of log likelihood. */
const COST_SCALE = 100
const MIXTURE_SIZE = 5
const SURE = 0.98

/** Learns the colours of both sides and cuts between them, round after round (GrabCut, Rother et al. 2004), with a soft guess in place of a rectangle. */
export function refineMask(lab: LabPlanes, refinement: Refinement): Uint8Array {
  const { prior, backgroundBelow, positionWeight, rounds, trust } = refinement
  const { priorWeight, colourLimit } = trust
  const links = neighbourCosts(lab, trust.smoothness * COST_SCALE)
  let mask = Uint8Array.from(prior, (value) => (value > 0.5 ? 1 : 0))
  let outside = Uint8Array.from(prior, (value) => (value < backgroundBelow ? 1 : 0))
  for (let round = 0; round < rounds; round++) {
    const subject = fitColourMixture(lab, mask, MIXTURE_SIZE, positionWeight)
    const background = fitColourMixture(lab, outside, MIXTURE_SIZE, positionWeight)
    if (subject === null || background === null) return mask
    const subjectCost = colourCost(lab, subject)
    const backgroundCost = colourCost(lab, background)
    const terminal = Int32Array.from(prior, (value, i) => {
      const p = Math.min(SURE, Math.max(1 - SURE, value))
      const colour = (backgroundCost[i] as number) - (subjectCost[i] as number)
      const limited = Math.max(-colourLimit, Math.min(colourLimit, colour))
      return COST_SCALE * (limited + priorWeight * Math.log(p / (1 - p)))
    })
    mask = Uint8Array.from(minCut({ ...links, terminal }))
    outside = mask.map((value) => 1 - value)
  }
  return mask
}
