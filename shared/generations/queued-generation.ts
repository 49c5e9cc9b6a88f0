import type { Timestamp } from '@google-cloud/firestore'
import type { Generation } from '#shared/documents/generations.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { generationNames } from '#shared/trainings/training-jobs.ts'

type Asked = Pick<Generation, 'id' | 'userId' | 'modelId' | 'trainingId' | 'version' | 'prompts'>

/** A generation as its document begins: asked for, and nothing of it made. */
export function queuedGeneration(asked: Asked, now: Timestamp): Generation {
  return {
    ...asked,
    status: 'queued',
    images: [],
    error: null,
    jobId: jobId(generationNames.key({ generationId: asked.id })),
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
  }
}
