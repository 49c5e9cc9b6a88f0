import { colourCost, fitColourMixture } from './colour-mixture.ts'
import type { LabPlanes } from './lab-planes.ts'
import { type GridCut, minCut } from './min-cut.ts'

/** One way of getting from a guess to a mask. */
export interface Refinement {
  /** Guess per pixel: 0 background … 1 subject. */
  prior: Float32Array
  /** Guesses below this teach the first round what the background looks like. */
  backgroundBelow: number
  /** How much it counts where a colour occurs, 0…1. */
  positionWeight: number
  rounds: number
}

/** Graph costs are whole numbers: this many to one unit of log likelihood. */
export const COST_SCALE = 100
const MIXTURE_SIZE = 5
const PRIOR_WEIGHT = 1.5
const SURE = 0.98
/** No single colour may say more than this against the guess and the neighbours. */
const COLOUR_COST_LIMIT = 6

/** Learns the colours of both sides and cuts between them, round after round (GrabCut, Rother et al. 2004), with a soft guess in place of a rectangle. */
export function refineMask(lab: LabPlanes, links: Omit<GridCut, 'terminal'>, refinement: Refinement): Uint8Array {
  const { prior, backgroundBelow, positionWeight, rounds } = refinement
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
      const limited = Math.max(-COLOUR_COST_LIMIT, Math.min(COLOUR_COST_LIMIT, colour))
      return COST_SCALE * (limited + PRIOR_WEIGHT * Math.log(p / (1 - p)))
    })
    mask = Uint8Array.from(minCut({ ...links, terminal }))
    outside = mask.map((value) => 1 - value)
  }
  return mask
}
