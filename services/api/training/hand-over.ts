import { isTrainingOver, readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
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
  await askToFinish(deps, run, { trainingId, userId, runId })
  await run.complete({ runId }, async () => () => {})
}

/**
 * Asks for the job that ends the training. A queue that does not answer must not end a run that is paid for: once the job is in the
 * books the reconciler of its service takes it up.
 */
async function askToFinish(
  { db, finishJobs }: Pick<StartDeps, 'db' | 'finishJobs'>,
  run: JobRun<TrainingStartInput>,
  input: TrainingFinishInput,
): Promise<void> {
  try {
    await finishJobs.enqueue(trainingFinishNames, input)
  } catch (error) {
    const { exists } = await jobRef(db, jobId(trainingFinishNames.key(input))).get()
    if (!exists) throw error
    run.logger.warn('The job that finishes a training could not be woken; the reconciler will.', { error })
  }
}
