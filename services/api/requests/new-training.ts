import { Timestamp } from '@google-cloud/firestore'
import type { Training } from '#shared/documents/trainings.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { User } from '#shared/server/firebase-user.ts'
import { trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { trainingInputHash } from '../training-input.ts'
import type { TrainingSource } from './training-source.ts'
import type { TrainingWish } from './training-wish.ts'

/** A training as it is before anybody has worked on it. */
export function newTraining(parts: {
  user: User
  id: string
  wish: TrainingWish
  source: TrainingSource
  /** `owner/name:version`. */
  trainer: string
  now: Date
}): Training {
  const { user, id, wish, source, trainer, now } = parts
  const { name, type, options } = wish
  const at = Timestamp.fromDate(now)
  return {
    id,
    userId: user.uid,
    email: user.email,
    name,
    type,
    options,
    status: 'queued',
    stage: 'upload',
    progress: null,
    inputHash: source.hashes && trainingInputHash({ photos: source.hashes, type, options, trainer }),
    photoCount: source.hashes?.length ?? null,
    zipSizeBytes: null,
    trainer,
    destination: null,
    replicateTrainingId: null,
    modelId: null,
    generationId: null,
    error: null,
    cancelRequestedAt: null,
    jobId: jobId(trainingStartNames.key({ trainingId: id })),
    createdAt: at,
    updatedAt: at,
    finishedAt: null,
  }
}
