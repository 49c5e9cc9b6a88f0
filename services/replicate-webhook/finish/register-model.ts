import { Timestamp } from '@google-cloud/firestore'
import { saveTrainedModel } from '#shared/documents/trained-models.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import type { FinishDeps } from './finish-deps.ts'
import type { FinishedRun } from './finished-run.ts'
import type { StoredWeights } from './store-weights.ts'
import { whileWanted } from './wanted.ts'

/** What the trainer trains; only for a file that does not say it itself. */
const DEFAULT_BASE_MODEL = 'Flux.1 D'

/** Puts the model into its owner's list; its id is the training's. */
export async function registerModel(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  made: { result: FinishedRun; weights: StoredWeights },
): Promise<void> {
  const { db, bucket, now } = deps
  const { result, weights } = made
  const { trainingId } = run.input
  const register = whileWanted(db, trainingId, (_transaction, training) => {
    const { userId, name, type, options } = training
    return saveTrainedModel(db, {
      id: trainingId,
      userId,
      trainingId,
      name,
      type,
      triggerWord: options.triggerWord,
      replicate_model_id: result.model,
      replicate_version_id: result.versionId,
      baseModel: weights.baseModel ?? DEFAULT_BASE_MODEL,
      gcsUri: `gs://${bucket}/${weights.name}`,
      sha256: weights.sha256,
      sizeBytes: weights.sizeBytes,
      createdAt: Timestamp.fromDate(now()),
    })
  })
  await run.step('model', async () => ({ modelId: trainingId }), { before: register })
}
