import type { Training, TrainingStage } from '#shared/documents/trainings.ts'
import type { Logger } from '#shared/logging/logger.ts'

/** One line a stage of a training; dashboards and alerts are made of its fields. */
export interface TrainingLogLine {
  training: Pick<Training, 'id' | 'userId' | 'photoCount' | 'zipSizeBytes' | 'trainer'>
  stage: TrainingStage
  status: 'done' | 'failed' | 'canceled'
  durationMs: number
  /** What Replicate counted, where it did. */
  predictSeconds?: number | null
  error?: { code: string; message: string }
}

export function logTrainingStage(logger: Logger, line: TrainingLogLine): void {
  const { training, stage, status, durationMs, predictSeconds = null, error } = line
  const { id: modelId, userId, photoCount: imageCount, zipSizeBytes, trainer: replicateVersion } = training
  const facts = {
    modelId,
    userId,
    stage,
    status,
    durationMs,
    imageCount,
    zipSizeBytes,
    replicateVersion,
    predictSeconds,
  }
  const message = `Training stage ${stage}: ${status}.`
  if (error) logger.warn(message, { event: 'training-stage', ...facts, code: error.code, reason: error.message })
  else logger.info(message, { event: 'training-stage', ...facts })
}
