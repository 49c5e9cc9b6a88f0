import { Timestamp } from '@google-cloud/firestore'
import {
  type GeneratedImage,
  type Generation,
  readGeneration,
  updateGeneration,
} from '#shared/documents/generations.ts'
import { creationStep, outcomeStep } from '#shared/generations/picture-steps.ts'
import { CanceledError, JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { type CreatedRun, wasCreationLost } from '#shared/trainings/create-run-once.ts'
import type { GenerationInput } from '#shared/trainings/training-jobs.ts'
import { createPredictions } from './create-predictions.ts'
import { checkCurrent } from './current-generation.ts'
import { endGeneration, type GenerationEnd } from './end-generation.ts'
import { followPicture } from './follow-picture.ts'
import { type GenerationDeps, nowOf } from './generation-deps.ts'
import { logGeneration } from './generation-log.ts'
import { generationNoteSchema } from './generation-note.ts'
import type { Picture, PictureOutcome } from './picture.ts'

/** A shutdown has ten seconds in all. */
const CANCEL_WITHIN_MS = 3_000

/**
 * prompts → predictions → pictures in the app's bucket. All predictions are created before any is waited for; each picture
 * is shown as it comes. A webhook wakes the job; without one it looks every `pollMs`.
 */
export async function runGeneration(deps: GenerationDeps, run: JobRun<GenerationInput>): Promise<void> {
  try {
    const generation = await begin(deps, run)
    const pictures = generation.prompts.map((prompt, index): Picture => ({ index, prompt }))
    const createAt = await createPredictions(deps, run, { generation, pictures })
    const lookAt = await followAll(deps, run, { generation, pictures })
    const until = earliest(createAt, lookAt)
    if (until !== null) {
      throw new JobWaitsError({ code: 'generation.running', message: 'Pictures are being made.', until })
    }
    await end(deps, run, { generation, pictures })
  } catch (error) {
    if (error instanceof CanceledError) await stopPredictions(deps, run)
    throw error
  }
}

async function begin(deps: GenerationDeps, run: JobRun<GenerationInput>): Promise<Generation> {
  const { db } = deps
  const { generationId } = run.input
  const generation = checkCurrent(await readGeneration(null, db, generationId))
  if (generation.status === 'running') return generation
  await run.commit(async (transaction) => {
    checkCurrent(await readGeneration(transaction, db, generationId))
    return updateGeneration(db, generationId, { status: 'running' })
  })
  return generation
}

/** Returns when to look again; null where every picture that was ordered is settled. */
async function followAll(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; pictures: readonly Picture[] },
): Promise<Date | null> {
  const { generation, pictures } = params
  let lookAgainAt: Date | null = null
  for (const picture of pictures.filter((one) => wasOrdered(run, one) && run.stored(outcomeStep(one)) === null)) {
    const seen = await followPicture(deps, run, { generation, picture })
    if (seen.kind === 'pending') {
      lookAgainAt = earliest(lookAgainAt, seen.lookAgainAt)
      continue
    }
    await run.step(outcomeStep(picture), async () => seen)
    if (seen.kind === 'made') await show(deps, run, pictures)
  }
  return lookAgainAt
}

function earliest(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

/** Created, or perhaps created. */
function wasOrdered(run: JobRun<GenerationInput>, picture: Picture): boolean {
  const step = creationStep(picture)
  return run.stored(step) !== null || wasCreationLost(run, step)
}

async function show(deps: GenerationDeps, run: JobRun<GenerationInput>, pictures: readonly Picture[]): Promise<void> {
  const { generationId } = run.input
  const images = madeOf(outcomesOf(run, pictures))
  await run.commit(async (transaction) => {
    checkCurrent(await readGeneration(transaction, deps.db, generationId))
    return updateGeneration(deps.db, generationId, { images })
  })
}

async function end(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; pictures: readonly Picture[] },
): Promise<void> {
  const { db } = deps
  const outcomes = outcomesOf(run, params.pictures)
  const images = madeOf(outcomes)
  const error = errorOf(outcomes)
  const endedAt = nowOf(deps)
  const finishedAt = Timestamp.fromDate(endedAt)
  const status = images.length > 0 ? 'succeeded' : 'failed'
  const created = params.pictures.filter((picture) => run.stored(creationStep(picture)) !== null)
  const failedRuns = created.length - images.length
  const ended: GenerationEnd = { status, images, failedRuns, error, finishedAt }
  await run.complete({ pictures: images.length, of: outcomes.length, error }, async (transaction) => {
    const generation = checkCurrent(await readGeneration(transaction, db, params.generation.id))
    return await endGeneration(transaction, db, { generation, end: ended })
  })
  logGeneration(run.logger, { generation: params.generation, outcomes, endedAt })
}

function outcomesOf(run: JobRun<GenerationInput>, pictures: readonly Picture[]): PictureOutcome[] {
  return pictures.flatMap((picture) => run.stored<PictureOutcome>(outcomeStep(picture)) ?? [])
}

function madeOf(outcomes: readonly PictureOutcome[]): GeneratedImage[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'made' ? outcome.image : []))
}

/** The first failure where there is no picture at all, else how many are missing. */
function errorOf(outcomes: readonly PictureOutcome[]): { code: string; message: string } | null {
  const failures = outcomes.filter((outcome) => outcome.kind === 'failed')
  const [first] = failures
  if (first === undefined) return null
  const { code, message } = first
  if (failures.length === outcomes.length) return { code, message }
  const missing = `${failures.length} of ${outcomes.length} pictures could not be made.`
  return { code: 'generation.incomplete', message: `${missing} ${message}` }
}

/** Nobody waits for these any more, and each is billed by its time. Cancel-After ends what is missed here. */
async function stopPredictions(deps: GenerationDeps, run: JobRun<GenerationInput>): Promise<void> {
  const { count } = generationNoteSchema.parse(run.note)
  for (let index = 0; index < count; index++) {
    const created = run.stored<CreatedRun>(creationStep({ index }))
    if (created === null || run.stored(outcomeStep({ index })) !== null) continue
    try {
      await deps.replicate.predictions.cancel(created.runId, { signal: AbortSignal.timeout(CANCEL_WITHIN_MS) })
    } catch (error) {
      run.logger.warn('A prediction that nobody waits for could not be canceled.', { runId: created.runId, error })
    }
  }
}
