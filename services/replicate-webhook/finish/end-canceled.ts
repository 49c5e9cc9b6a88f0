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
  const { isOver, predictSeconds } = await cancelAtReplicate(deps, run)
  const mayRunGoOn = !isOver
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
  logTrainingStage(run.logger, { training, stage, status: 'canceled', durationMs, predictSeconds })
}

/** Cancels the run, and says whether that, or anything before it, has ended it, and what it is billed, where that was not told before. */
async function cancelAtReplicate(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
): Promise<{ isOver: boolean; predictSeconds: number | null }> {
  if (run.stored('run') !== null) return { isOver: true, predictSeconds: null }
  const { runId } = run.input
  try {
    const ended = await deps.replicate.trainings.cancel(runId, { signal: run.signal })
    return { isOver: isTerminal(ended), predictSeconds: ended.predictSeconds }
  } catch (error) {
    run.signal.throwIfAborted()
    run.logger.warn('Replicate could not be told of a cancel; it is told again.', { error, runId })
    return { isOver: false, predictSeconds: null }
  }
}
