import { Timestamp } from '@google-cloud/firestore'
import { internalCaller, localProject } from '#local/environment.ts'
import { readUsage, reserveQuota } from '#shared/documents/quotas.ts'
import { createTraining, type Training, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { createCloudTasksQueue } from '#shared/jobs/cloud-tasks.ts'
import { createJobRequests } from '#shared/jobs/job-requests.ts'
import { type TrainingFinishInput, trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { TRAINER, TRAINER_VERSION } from '../../support/training-stand-in.ts'
import type { TrainingWorld } from '../../support/training-world.ts'
import { destination } from './told-runs.ts'

/** As the api leaves it before it creates the run. */
export async function writeTraining(
  world: TrainingWorld,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  const now = Timestamp.now()
  const training: Training = {
    id,
    userId,
    email: `${userId}@example.com`,
    name: 'Orders',
    type: 'woman',
    options: {
      triggerWord: 'ohwx',
      steps: 10,
      learningRate: 4e-4,
      batchSize: 1,
      resolution: '512',
      loraRank: 1,
      autocaption: true,
      autocaptionPrefix: null,
      captionDropoutRate: 0.05,
      optimizer: 'adamw8bit',
    },
    status: 'starting',
    stage: 'training',
    progress: null,
    inputHash: id,
    photoCount: 4,
    zipSizeBytes: 1000,
    trainer: `${TRAINER}:${TRAINER_VERSION}`,
    destination: destination,
    replicateTrainingId: null,
    modelId: null,
    generationId: null,
    error: null,
    cancelRequestedAt: null,
    jobId: 'none',
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
  }
  await runTransaction(world.db, async (transaction) => {
    const usage = await readUsage(transaction, world.db, userId)
    createTraining(world.db, training)(transaction)
    reserveQuota(world.db, usage, { quota: 'trainings', key: id, amount: 1, now: now.toDate() })(transaction)
  })
}

/** What the api writes when the creation is answered, and the job that follows. */
export async function writeRun(
  world: TrainingWorld,
  { id, userId, runId }: { id: string; userId: string; runId: string },
): Promise<void> {
  await runTransaction(world.db, async (transaction) => {
    updateTraining(world.db, id, { status: 'training', replicateTrainingId: runId })(transaction)
  })
  const wakeQueue = createCloudTasksQueue({
    baseUrl: world.tasks.url,
    queue: `projects/${localProject}/locations/local/queues/wake`,
    serviceUrl: world.urls['replicate-webhook'],
    serviceAccount: internalCaller,
    accessToken: async () => null,
  })
  const requests = createJobRequests({ db: world.db, wakeQueue, deadlineMs: 3_600_000 })
  await requests.enqueue<TrainingFinishInput>(trainingFinishNames, { trainingId: id, userId, runId })
}
