import { isTrainingOver, readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import {
  runCancelNames,
  type TrainingFinishInput,
  type TrainingStartInput,
  trainingFinishNames,
} from '#shared/trainings/training-jobs.ts'
import type { StartDeps } from './start-deps.ts'
import { TrainingGoneError } from './wanted.ts'

/** Before a run is known. */
const before: ReadonlySet<string> = new Set(['queued', 'preparing', 'starting'])

/**
 * Gives a training whose run was created to the job that brings it to its end. From here on a cancel is that one's: the run
 * costs money. A run that nobody waits for any more is ended.
 */
export async function handOver(
  deps: Pick<StartDeps, 'db' | 'finishJobs'>,
  run: JobRun<TrainingStartInput>,
  runId: string,
): Promise<void> {
  const { db, finishJobs } = deps
  const { trainingId, userId } = run.input
  let isOrphan = false
  await run.commit(async (transaction) => {
    const training = await readTraining(transaction, db, trainingId)
    isOrphan = training === null || (isTrainingOver(training) && training.replicateTrainingId !== runId)
    // Once handed over the other job writes the status, and this one may come here again.
    if (training === null || !before.has(training.status)) return () => {}
    return updateTraining(db, trainingId, {
      status: 'training',
      stage: 'training',
      replicateTrainingId: runId,
      jobId: jobId(trainingFinishNames.key({ trainingId })),
    })
  })
  if (isOrphan) {
    await finishJobs.enqueue(runCancelNames, { runId, kind: 'training' })
    throw new TrainingGoneError()
  }
  await finishJobs.enqueue<TrainingFinishInput>(trainingFinishNames, { trainingId, userId, runId })
  await run.complete({ runId }, async () => () => {})
}
