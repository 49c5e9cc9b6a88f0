import type { Generation } from '#shared/documents/generations.ts'
import type { AppError } from '#shared/errors/app-error.ts'
import { predictionOwner } from '#shared/generations/prediction-owner.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { isReplicateError } from '#shared/replicate/replicate-error.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { createRunOnce } from '#shared/trainings/create-run-once.ts'
import type { GenerationInput } from '#shared/trainings/training-jobs.ts'
import { type GenerationDeps, nowOf } from './generation-deps.ts'
import { creationStep, outcomeStep, type Picture, type PictureFailure } from './picture.ts'

/** Passing faults are waited out this often; then the picture is given up, and the others still come. */
const PATIENCE = 3
/** What Replicate takes for `Cancel-After` (contract §3). */
const LEAST_CANCEL_AFTER_SECONDS = 5

/**
 * Creates the prediction of one picture, unless that was done, or its answer lost, before. A refusal is kept as what
 * became of the picture; what may pass is thrown.
 */
export async function createPrediction(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; picture: Picture },
): Promise<void> {
  const { generation, picture } = params
  if (run.stored(outcomeStep(picture)) !== null) return
  const url = webhookUrl(deps.webhookUrl, predictionOwner(generation.id, picture.index))
  const seconds = Math.round(deps.cancelAfterMs / 1000)
  try {
    await createRunOnce(run, {
      step: creationStep(picture),
      now: () => nowOf(deps),
      create: () =>
        deps.replicate.predictions.create({
          version: generation.version,
          input: { prompt: picture.prompt, num_outputs: 1, output_format: 'png' },
          cancelAfterSeconds: Math.max(LEAST_CANCEL_AFTER_SECONDS, seconds),
          // The start tells which prediction it is, should the creation's answer be lost.
          webhook: { url, events: ['start', 'completed'] },
          signal: run.signal,
        }),
    })
  } catch (error) {
    run.signal.throwIfAborted()
    const isRefusal = isReplicateError(error) && (!error.retryable || run.failures >= PATIENCE)
    if (!isRefusal) throw error
    run.logger.error('Replicate refused to make a picture.', { index: picture.index, code: error.code, error })
    await run.step(outcomeStep(picture), async () => refused(error))
  }
}

function refused({ code, message }: AppError): PictureFailure {
  return { kind: 'failed', code, message }
}
