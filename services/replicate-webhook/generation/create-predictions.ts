import type { Generation } from '#shared/documents/generations.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { creationStep, outcomeStep } from '#shared/generations/picture-steps.ts'
import { predictionOwner } from '#shared/generations/prediction-owner.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { isReplicateError, type ReplicateError } from '#shared/replicate/replicate-error.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { createRunOnce } from '#shared/trainings/create-run-once.ts'
import type { GenerationInput } from '#shared/trainings/training-jobs.ts'
import { type GenerationDeps, nowOf } from './generation-deps.ts'
import type { Picture } from './picture.ts'
import { refusedPicture } from './refused-picture.ts'

/** A passing fault of creations: one of the account (rates) or of the way, so that it holds for all pictures. */
interface Trouble {
  sinceMs: number
  notBeforeMs: number
}

const troubleName = 'create-trouble'
/** What passes by itself mostly does within it; then the pictures that are not ordered yet are given up. */
const TROUBLE_PATIENCE_MS = 10 * 60_000
/** Where Replicate does not say when. */
const TRY_AGAIN_MS = 15_000
/** What Replicate takes for `Cancel-After` (contract §3). */
const LEAST_CANCEL_AFTER_SECONDS = 5

/**
 * Creates the predictions that were not created, or perhaps created, before. A refusal is kept as what became of the picture.
 * Returns when to go on after a passing fault; null where every picture is ordered, or settled. Webhooks of the others
 * may wake the job before that time, which is kept to all the same.
 */
export async function createPredictions(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; pictures: readonly Picture[] },
): Promise<Date | null> {
  for (const picture of params.pictures) {
    if (run.stored(outcomeStep(picture)) !== null || run.stored(creationStep(picture)) !== null) continue
    const trouble = run.stored<Trouble>(troubleName)
    if (trouble !== null && nowOf(deps).getTime() < trouble.notBeforeMs) return new Date(trouble.notBeforeMs)
    try {
      await createPrediction(deps, run, { generation: params.generation, picture })
      if (trouble !== null) await run.keep(troubleName, null)
    } catch (error) {
      run.signal.throwIfAborted()
      // Of anything else it is not known how far the books have come: the next claim finds out.
      if (!isReplicateError(error)) throw error
      const nowMs = nowOf(deps).getTime()
      const sinceMs = trouble?.sinceMs ?? nowMs
      if (!error.retryable || nowMs >= sinceMs + TROUBLE_PATIENCE_MS) {
        run.logger.error('Replicate refused to make a picture.', { index: picture.index, code: error.code, error })
        await run.step(outcomeStep(picture), async () => refusedPicture(error))
        continue
      }
      const notBeforeMs = retryTime(error) ?? nowMs + TRY_AGAIN_MS
      run.logger.warn('A picture could not be ordered; it is tried again.', { code: error.code, error })
      await run.keep(troubleName, { sinceMs, notBeforeMs } satisfies Trouble)
      return new Date(notBeforeMs)
    }
  }
  return null
}

/** Throws ReplicateErrors, which prove that nothing was created. */
async function createPrediction(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; picture: Picture },
): Promise<void> {
  const { generation, picture } = params
  const url = webhookUrl(deps.webhookUrl, predictionOwner(generation.id, picture.index))
  const seconds = Math.round(deps.cancelAfterMs / 1000)
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
}

function retryTime(error: ReplicateError): number | null {
  return error instanceof TransientError ? (error.retryAt?.getTime() ?? null) : null
}
