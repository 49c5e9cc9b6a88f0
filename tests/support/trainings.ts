import { Timestamp } from '@google-cloud/firestore'
import type { Generation } from '#shared/documents/generations.ts'
import type { Training } from '#shared/documents/trainings.ts'
import { queuedGeneration } from '#shared/generations/queued-generation.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { TRAINER, TRAINER_VERSION } from './training-stand-in.ts'

/** A training as it is in the books, with what a test says otherwise. */
export function newTraining(id: string, change: Partial<Training> = {}): Training {
  const now = Timestamp.now()
  return {
    id,
    userId: 'user-1',
    email: 'user-1@example.com',
    name: 'Ana',
    type: 'woman',
    options: {
      triggerWord: 'ohwx',
      steps: 100,
      learningRate: 4e-4,
      batchSize: 1,
      resolution: '512,768,1024',
      loraRank: 2,
      autocaption: true,
      autocaptionPrefix: null,
      captionDropoutRate: 0.05,
      optimizer: 'adamw8bit',
    },
    status: 'queued',
    stage: 'upload',
    progress: null,
    inputHash: null,
    photoCount: 4,
    zipSizeBytes: 1000,
    trainer: `${TRAINER}:${TRAINER_VERSION}`,
    destination: null,
    replicateTrainingId: null,
    modelId: null,
    generationId: null,
    error: null,
    cancelRequestedAt: null,
    jobId: jobId(trainingFinishNames.key({ trainingId: id })),
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
    ...change,
  }
}

/** A generation as it is in the books, with what a test says otherwise. */
export function newGeneration(id: string, change: Partial<Generation> = {}): Generation {
  const asked = {
    id,
    userId: 'user-1',
    modelId: 'model-1',
    trainingId: null,
    version: `owner/name:${'a'.repeat(64)}`,
    prompts: ['one', 'two'],
  }
  return { ...queuedGeneration(asked, Timestamp.now()), ...change }
}
