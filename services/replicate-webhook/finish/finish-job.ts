import type { Firestore } from '@google-cloud/firestore'
import { readTraining } from '#shared/documents/trainings.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import {
  type TrainingFinishInput,
  trainingFinishInputSchema,
  trainingFinishNames,
} from '#shared/trainings/training-jobs.ts'
import { logTrainingStage, type TrainingLogLine } from '#shared/trainings/training-log.ts'
import { cleanUpFinish } from './clean-up-finish.ts'
import type { MailSettings } from './finish-deps.ts'
import { BILLED, hasRunEnded } from './run-ends.ts'
import { undoFinish } from './undo-finish.ts'
import { userFailure } from './user-failure.ts'

export interface FinishJobParts {
  db: Firestore
  store: ObjectStore
  jobs: JobRequests
  logger: Logger
  appBucket: string
  modelsBucket: string
  workBucket: string
  mail: MailSettings
  deadlineMs: number
  /** From the run to the registered model. */
  work(run: JobRun<TrainingFinishInput>): Promise<void>
}

/** The job that brings a training to its end: what `shared/jobs` needs to know of it. */
export function trainingFinishJob(parts: FinishJobParts): JobDefinition<TrainingFinishInput> {
  const { db, mail, deadlineMs } = parts
  /** Of transactions that are being written: told once they are, for those that are repeated would tell it again. */
  const untold = new Map<string, TrainingLogLine>()
  return {
    ...trainingFinishNames,
    parseInput: (stored) => trainingFinishInputSchema.parse(stored),
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    run: parts.work,
    async failed({ input, transaction, job, failure, isBrief }) {
      const { trainingId } = input
      const now = failure.at
      const training = await readTraining(transaction, db, trainingId)
      const stage = training?.status === 'completing' ? 'completion' : 'training'
      const end = { status: 'failed', stage, ...userFailure(failure) } as const
      // The mail is what an end can do without: all else frees what the training holds.
      const ending = { trainingId, end, mail: isBrief ? null : mail, now }
      const endWrites = await endTraining(transaction, db, ending)
      const mayRunGoOn = stage === 'training' && !hasRunEnded(failure.code)
      const undo = await undoFinish(transaction, db, { input, mayRunGoOn, deadlineMs, now })
      if (training) {
        const durationMs = now.toMillis() - training.createdAt.toMillis()
        // Kept by `finishedRun` alone.
        const predictSeconds = (job.steps[BILLED]?.result as number | null | undefined) ?? null
        untold.set(trainingId, { training, stage, status: 'failed', durationMs, predictSeconds, error: failure })
      }
      return (writing) => {
        endWrites(writing)
        undo(writing)
      }
    },
    async cleanUp({ input, jobId }) {
      const line = untold.get(input.trainingId)
      untold.delete(input.trainingId)
      if (line) logTrainingStage(parts.logger, line)
      await cleanUpFinish(parts, input, jobId)
    },
  }
}
