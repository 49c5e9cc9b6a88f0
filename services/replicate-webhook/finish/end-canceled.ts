import { Timestamp } from '@google-cloud/firestore'
import { readTraining } from '#shared/documents/trainings.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { isTerminal } from '#shared/replicate/prediction.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import type { FinishDeps } from './finish-deps.ts'
import { undoFinish } from './undo-finish.ts'

/** Ends a training as its owner wished: the run first, for each minute of it costs; where Replicate cannot be told now, a job tells it. */
export async function endCanceled(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<void> {
  const { db, mail } = deps
  const { trainingId } = run.input
  const training = await readTraining(null, db, trainingId)
  const mayRunGoOn = !(await isRunOver(deps, run))
  const now = Timestamp.fromDate(deps.now())
  await run.complete({ canceled: true }, async (transaction) => {
    const end = { status: 'canceled' } as const
    const endWrites = await endTraining(transaction, db, { trainingId, end, mail, now })
    const undo = await undoFinish(transaction, db, { input: run.input, mayRunGoOn, deadlineMs: deps.deadlineMs, now })
    return (writing) => {
      endWrites(writing)
      undo(writing)
    }
  })
  if (training === null) return
  const stage = training.status === 'completing' ? 'completion' : 'training'
  const durationMs = now.toMillis() - training.createdAt.toMillis()
  logTrainingStage(run.logger, { training, stage, status: 'canceled', durationMs })
}

/** Cancels the run, and says whether that, or anything before it, has ended it. */
async function isRunOver(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<boolean> {
  if (run.stored('run') !== null) return true
  const { runId } = run.input
  try {
    return isTerminal(await deps.replicate.trainings.cancel(runId, { signal: run.signal }))
  } catch (error) {
    run.signal.throwIfAborted()
    run.logger.warn('Replicate could not be told of a cancel; it is told again.', { error, runId })
    return false
  }
}
