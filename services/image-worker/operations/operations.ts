/** What the command line does for the image worker, without the worker: it only needs the books, the buckets and a queue. */

export { imageInputOf } from '../image-event.ts'
export { imageJobNames } from '../image-input.ts'
export { type ReconcileReport, reconcile } from '../reconcile.ts'
export {
  type CostLine,
  estimateCost,
  knownPrices,
  type PriceTable,
  pricedSteps,
  withPrice,
} from './estimate-cost.ts'
export { findImageWork, type ImageWorkFound } from './find-image-work.ts'
export { type PurgeDeps, type PurgePlan, planPurge, purgeCharacter } from './purge-character.ts'
export { requestShowcase, type ShowcaseRequest } from './request-showcase.ts'
export { charactersWithoutShowcase, isWithoutShowcase } from './without-showcase.ts'
