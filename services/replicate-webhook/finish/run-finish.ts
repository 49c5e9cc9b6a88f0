import { Timestamp } from '@google-cloud/firestore'
import { readTraining } from '#shared/documents/trainings.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import { runCancelNames, type TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import { copyWeights } from './copy-weights.ts'
import { endCanceled } from './end-canceled.ts'
import type { FinishDeps } from './finish-deps.ts'
import { finishedRun } from './finished-run.ts'
import { makeSamples } from './make-samples.ts'
import { registerModel } from './register-model.ts'
import { CancelRequestedError, checkWanted, whileWanted } from './wanted.ts'

/** From the run at Replicate to the registered model with its sample pictures, or to the cancel that its owner wished. */
export async function runFinish(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<void> {
  try {
    await finish(deps, run)
  } catch (error) {
    if (error instanceof CancelRequestedError) return await endCanceled(deps, run)
    // The training was removed, or ended by other hands: its run is nobody's any more.
    if (error instanceof CanceledError && run.stored('run') === null) {
      await deps.jobs.enqueue(runCancelNames, { runId: run.input.runId, kind: 'training' })
    }
    throw error
  }
}

async function finish(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<void> {
  const { db, mail, now } = deps
  const { trainingId } = run.input
  const training = checkWanted(await readTraining(null, db, trainingId))
  const result = await finishedRun(deps, run, training)
  const weights = await copyWeights(deps, run, { training, result })
  await registerModel(deps, run, { result, weights })
  const generationId = await makeSamples(deps, run, { training, result })

  const change = { modelId: trainingId, generationId }
  // The samples were counted when they were made.
  const storedBytes = weights.sizeBytes
  await run.complete(
    { modelId: trainingId, sha256: weights.sha256, sizeBytes: weights.sizeBytes },
    // The same transaction in which a cancel is too late.
    whileWanted(db, trainingId, (transaction) =>
      endTraining(transaction, db, {
        trainingId,
        end: { status: 'succeeded', storedBytes, change },
        mail,
        now: Timestamp.fromDate(now()),
      }),
    ),
  )
  const durationMs = now().getTime() - result.endedAtMs
  logTrainingStage(run.logger, { training, stage: 'completion', status: 'done', durationMs })
}
