import type { Generation } from '#shared/documents/generations.ts'
import { readReplicateRun } from '#shared/documents/replicate-runs.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { creationStep } from '#shared/generations/picture-steps.ts'
import { predictionOwner } from '#shared/generations/prediction-owner.ts'
import { CanceledError, LeaseLostError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { isTerminal, type Prediction } from '#shared/replicate/prediction.ts'
import type { CreatedRun } from '#shared/trainings/create-run-once.ts'
import { searchLostRun } from '#shared/trainings/search-lost-run.ts'
import type { GenerationInput } from '#shared/trainings/training-jobs.ts'
import { failedPrediction } from './failed-prediction.ts'
import { type GenerationDeps, nowOf } from './generation-deps.ts'
import { keepPicture, pictureGone } from './keep-picture.ts'
import {
  failedPicture,
  type Picture,
  type PictureFailure,
  type PictureOutcome,
  type PicturePending,
} from './picture.ts'
import { refusedPicture } from './refused-picture.ts'

/** What Replicate may take to say that its own deadline has come. */
const CANCEL_SLACK_MS = 60_000
/** Outputs are removed an hour after the end (contract §3): nothing can be had of a prediction after that. */
const KEPT_MS = 3_600_000

type Seen = Omit<Prediction, 'id'>

interface Following {
  generation: Generation
  picture: Picture
}

/**
 * Looks once at the picture of one prompt: at what a webhook told, else at Replicate; what was made is copied at once. Where
 * that cannot be done (Replicate or the bucket are down, the token is refused) it stays pending: it is paid for, and looked
 * at as long as it is kept.
 */
export async function followPicture(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  following: Following,
): Promise<PictureOutcome | PicturePending> {
  const created = await findPrediction(deps, run, following)
  if ('kind' in created) return created
  try {
    return await judgePrediction(deps, run, { ...following, created })
  } catch (error) {
    run.signal.throwIfAborted()
    if (!(error instanceof AppError) || error instanceof LeaseLostError || error instanceof CanceledError) throw error
    if (nowOf(deps).getTime() >= created.atMs + deps.cancelAfterMs + KEPT_MS) return refusedPicture(error)
    run.logger.warn('A picture could not be looked at; it is looked at again.', {
      index: following.picture.index,
      code: error.code,
      error,
    })
    return lookAgain(deps)
  }
}

async function findPrediction(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  { generation, picture }: Following,
): Promise<CreatedRun | PictureOutcome | PicturePending> {
  const step = creationStep(picture)
  const stored = run.stored<CreatedRun>(step)
  if (stored !== null) return stored
  const search = { db: deps.db, searchMs: deps.createSearchMs, everyMs: deps.pollMs, now: () => nowOf(deps) }
  const sought = await searchLostRun(search, run, {
    step,
    owner: predictionOwner(generation.id, picture.index),
    since: generation.createdAt.toDate(),
    list: () => deps.replicate.predictions.list({ signal: run.signal }),
  })
  switch (sought.kind) {
    case 'found':
      return sought.run
    case 'not-yet':
      return { kind: 'pending', lookAgainAt: sought.lookAgainAt }
    case 'given-up':
      return failedPicture(
        'generation.create-unknown',
        'Replicate never answered whether it makes this picture, and does not list it; it is not ordered again by itself.',
      )
    default:
      return sought satisfies never
  }
}

async function judgePrediction(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: Following & { created: CreatedRun },
): Promise<PictureOutcome | PicturePending> {
  const { created } = params
  const { predictions } = deps.replicate
  const { signal } = run
  const told = await toldOf(deps, created)
  const askAtMs = created.atMs + deps.pollMs
  // Until then its webhook is on its way.
  if (told === null && nowOf(deps).getTime() < askAtMs) return { kind: 'pending', lookAgainAt: new Date(askAtMs) }
  let seen: Seen = told ?? (await predictions.get(created.runId, { signal }))
  const isOverdue = nowOf(deps).getTime() >= created.atMs + deps.cancelAfterMs + CANCEL_SLACK_MS
  if (!isTerminal(seen)) {
    if (!isOverdue) return lookAgain(deps)
    seen = await predictions.cancel(created.runId, { signal })
    if (seen.status !== 'succeeded') return { ...tooSlow(), predictSeconds: seen.predictSeconds }
  }
  const outcome = await outcomeOf(deps, run, { ...params, seen })
  return outcome.kind === 'failed' ? { ...outcome, predictSeconds: seen.predictSeconds } : outcome
}

/** What became of a picture whose prediction has ended. */
async function outcomeOf(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: Following & { created: CreatedRun; seen: Seen },
): Promise<PictureOutcome> {
  const { generation, picture, created, seen } = params
  if (seen.status !== 'succeeded') {
    run.logger.warn('A prediction has ended without a picture.', {
      index: picture.index,
      runId: created.runId,
      status: seen.status,
      said: seen.error,
    })
    return failedPrediction(seen)
  }
  if (seen.output === null && seen.isDataRemoved) return pictureGone()
  const { output, predictSeconds } = seen
  return await keepPicture(deps, run, { generation, picture, output, predictSeconds })
}

function tooSlow(): PictureFailure {
  return failedPicture('generation.timeout', 'The model at Replicate took too long and was stopped; try it again.')
}

/** The end as a signed webhook told it, as far as there is all of it. */
async function toldOf(deps: GenerationDeps, { runId }: CreatedRun): Promise<Seen | null> {
  const told = await readReplicateRun(null, deps.db, runId)
  if (told === null || !isTerminal(told)) return null
  if (told.status === 'succeeded' && told.outputJson === null) return null
  const output: unknown = told.outputJson === null ? null : JSON.parse(told.outputJson)
  const { status, error, predictSeconds } = told
  return { status, output, error, predictSeconds, isDataRemoved: false }
}

function lookAgain(deps: GenerationDeps): PicturePending {
  return { kind: 'pending', lookAgainAt: new Date(nowOf(deps).getTime() + deps.pollMs) }
}
