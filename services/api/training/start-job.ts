import type { Firestore } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, type Training } from '#shared/documents/trainings.ts'
import type { Admission, JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import {
  type TrainingStartInput,
  trainingStartInputSchema,
  trainingStartNames,
} from '#shared/trainings/training-jobs.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import { type CleanUpDeps, cleanUpStart } from './clean-up.ts'
import { reservationsOf } from './photo-uploads.ts'
import type { MailSettings } from './start-deps.ts'

export interface StartJobParts extends CleanUpDeps {
  db: Firestore
  mail: MailSettings
  logger: Logger
  /** From the claim to the run at Replicate. */
  work(run: JobRun<TrainingStartInput>): Promise<void>
}

/** The start of a training: what `shared/jobs` needs to know of it. */
export function trainingStartJob(deps: StartJobParts): JobDefinition<TrainingStartInput> {
  const { db, mail, logger } = deps
  return {
    ...trainingStartNames,
    parseInput: (stored) => trainingStartInputSchema.parse(stored),
    admit: async ({ input, transaction }) => admission(await readTraining(transaction, db, input.trainingId)),
    run: deps.work,
    async failed({ input, transaction, failure, isBrief }) {
      const training = await readTraining(transaction, db, input.trainingId)
      if (training === null || isTrainingOver(training)) return () => {}
      const { code, message, at } = failure
      const { stage } = training
      // Who has asked for the end gets it under that name.
      const isCanceled = training.cancelRequestedAt !== null
      const writes = await endTraining(transaction, db, {
        trainingId: training.id,
        end: isCanceled ? { status: 'canceled' } : { status: 'failed', stage, code, message },
        released: reservationsOf(input.source),
        mail: isBrief ? null : mail,
        now: at,
      })
      return (writing) => {
        writes(writing)
        const durationMs = at.toMillis() - training.createdAt.toMillis()
        const status = isCanceled ? 'canceled' : 'failed'
        logTrainingStage(logger, { training, stage, status, durationMs, error: { code, message } })
      }
    },
    cleanUp: ({ input, jobId }) => cleanUpStart(deps, input, jobId),
  }
}

function admission(training: Training | null): Admission {
  const end = (code: string, message: string): Admission => ({ kind: 'end', state: 'canceled', code, message })
  if (training === null) return end('training.gone', 'The training was removed.')
  if (isTrainingOver(training)) return end('training.over', 'The training has ended already.')
  return { kind: 'run', note: null, slot: null }
}
