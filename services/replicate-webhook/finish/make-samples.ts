import { Timestamp, type Transaction } from '@google-cloud/firestore'
import { createGeneration, isGenerationOver, readGeneration } from '#shared/documents/generations.ts'
import type { Training } from '#shared/documents/trainings.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import { queuedGeneration } from '#shared/generations/queued-generation.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { fillTemplate, promptTemplates } from '#shared/prompts/templates.ts'
import { type GenerationInput, generationNames, type TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { samplesId } from '#shared/trainings/training-places.ts'
import type { FinishDeps } from './finish-deps.ts'
import type { FinishedRun } from './finished-run.ts'
import { whileWanted } from './wanted.ts'

/** A new version of a model may have to be started first, which takes minutes; nobody waits longer for what is only nice to have. */
const SAMPLES_WAIT_MS = 20 * 60_000

/**
 * Has sample pictures made of the new model, and waits for them (a while): the training ends with them, or without.
 * @returns the generation's id
 * @throws JobWaitsError
 */
export async function makeSamples(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  made: { training: Training; result: FinishedRun },
): Promise<string> {
  const { db, now } = deps
  const { trainingId } = run.input
  const generationId = samplesId(trainingId)
  const { untilMs } = await run.step('samples', async () => ({ untilMs: now().getTime() + SAMPLES_WAIT_MS }), {
    before: whileWanted(db, trainingId, (transaction, training) =>
      askForSamples(deps, transaction, { training, result: made.result }),
    ),
  })
  let generation = await readGeneration(null, db, generationId)
  // Nobody has begun with it: the wake after its birth was lost, or is this one. Without a task queue it is done here and now.
  if (generation?.status === 'queued') {
    await deps.jobs.wake({ id: generation.jobId, fence: 0 })
    generation = await readGeneration(null, db, generationId)
  }
  // One that is gone was removed by somebody who wants none.
  if (generation === null) return generationId
  if (isGenerationOver(generation) || now().getTime() >= untilMs) {
    if (generation.status !== 'succeeded') {
      run.logger.warn('A training ends without all of its sample pictures.', {
        generationId,
        status: generation.status,
        code: generation.error?.code ?? null,
      })
    }
    return generationId
  }
  throw new JobWaitsError({
    code: 'training.awaits-samples',
    message: 'The sample pictures are being made.',
    until: new Date(Math.min(untilMs, now().getTime() + deps.pollMs)),
  })
}

/** The generation and its job, together; those of an earlier try of the same step are left as they are. */
async function askForSamples(
  deps: FinishDeps,
  transaction: Transaction,
  made: { training: Training; result: FinishedRun },
): Promise<Writes> {
  const { db, deadlineMs } = deps
  const { training, result } = made
  const { id: trainingId, userId, options, type } = training
  const generationId = samplesId(trainingId)
  if ((await readGeneration(transaction, db, generationId)) !== null) return () => {}
  const now = Timestamp.fromDate(deps.now())
  const input: GenerationInput = { generationId, userId }
  const job = newJob(db, {
    names: generationNames,
    input,
    deadlineMs,
    now,
    // It is woken at once; the reconciler need not be patient.
    dueAt: now,
  })
  const asked = {
    id: generationId,
    userId,
    modelId: trainingId,
    trainingId,
    version: `${result.model}:${result.versionId}`,
    prompts: promptTemplates.map((template) => fillTemplate(template, { triggerWord: options.triggerWord, type })),
  }
  const create = createGeneration(db, queuedGeneration(asked, now))
  return (writing) => {
    create(writing)
    job.writes(writing)
  }
}
