import type { Timestamp } from '@google-cloud/firestore'
import type { TrainedModel } from '#shared/documents/trained-models.ts'
import type { Training } from '#shared/documents/trainings.ts'
import type { TrainingView } from '../endpoints/training-schemas.ts'

/** A training as its owner sees it: what is theirs, and nothing of how it is done. */
export function trainingView(training: Training, model: TrainedModel | null): TrainingView {
  const { id, userId, name, type, status, stage, progress, photoCount, zipSizeBytes, options } = training
  const { modelId, generationId, error } = training
  return {
    id,
    userId,
    name,
    type,
    status,
    stage,
    progress,
    photoCount,
    zipSizeBytes,
    options,
    modelId,
    generationId,
    model: model && modelView(model),
    error: error && { code: error.code, message: error.message },
    cancelRequestedAt: isoTime(training.cancelRequestedAt),
    createdAt: training.createdAt.toDate().toISOString(),
    updatedAt: training.updatedAt.toDate().toISOString(),
    finishedAt: isoTime(training.finishedAt),
  }
}

function modelView(model: TrainedModel): NonNullable<TrainingView['model']> {
  const { id, triggerWord, baseModel, gcsUri, sha256, sizeBytes, replicate_model_id, replicate_version_id } = model
  return { id, triggerWord, baseModel, gcsUri, sha256, sizeBytes, replicate_model_id, replicate_version_id }
}

/** A time as JSON has it. */
export function isoTime(time: Timestamp | null): string | null {
  return time?.toDate().toISOString() ?? null
}
