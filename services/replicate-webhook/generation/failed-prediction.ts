import type { Prediction } from '#shared/replicate/prediction.ts'
import { failedPicture, type PictureFailure } from './picture.ts'

/** Flux's own words: "NSFW content detected. Try running it again, or try a different prompt." */
const NSFW = /\bnsfw\b|\bsafety (checker|filter)\b|\bsensitive content\b|\bflagged as\b/i
/** The failures that Replicate itself asks to repeat: "Prediction interrupted; please retry (code: PA)". */
const INTERRUPTED = /\binterrupted\b|\bplease (re)?try( again)?\b/i

/** A prediction that has ended without a picture. */
export function failedPrediction(prediction: Pick<Prediction, 'status' | 'error'>): PictureFailure {
  const said = prediction.error ?? ''
  if (prediction.status !== 'failed') {
    return failedPicture(
      'generation.stopped',
      'The model at Replicate was stopped before the picture was made; try it again.',
    )
  }
  if (NSFW.test(said)) {
    return failedPicture(
      'generation.nsfw',
      'The model found the picture unsafe to show; try it again, or choose another prompt.',
    )
  }
  if (INTERRUPTED.test(said)) {
    return failedPicture('generation.interrupted', 'The model was interrupted at Replicate; try it again.')
  }
  return failedPicture('generation.failed', 'The model at Replicate failed with this prompt; try another one.')
}
