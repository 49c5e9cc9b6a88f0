import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ReplicateClient } from '#shared/replicate/client.ts'
import { isReplicateError } from '#shared/replicate/replicate-error.ts'
import type { Run } from '#shared/replicate/run.ts'
import type { RunCancelInput } from '#shared/trainings/training-jobs.ts'

/** Ends a run at Replicate. Does no harm when it is repeated, or comes too late. */
export async function cancelRun(
  replicate: Pick<ReplicateClient, 'trainings' | 'predictions'>,
  run: JobRun<RunCancelInput>,
): Promise<void> {
  const { runId, kind } = run.input
  const runs = kind === 'training' ? replicate.trainings : replicate.predictions
  const status = await cancelOrMiss(() => runs.cancel(runId, { signal: run.signal }))
  run.logger.info('A run that nobody waits for was canceled at Replicate.', { runId, runKind: kind, status })
  await run.complete({ status }, async () => () => {})
}

/** Null for a run that Replicate does not have (any more): then there is nothing to end. */
async function cancelOrMiss(cancel: () => Promise<Run>): Promise<Run['status'] | null> {
  try {
    return (await cancel()).status
  } catch (error) {
    if (isReplicateError(error) && error.code === 'replicate.not-found') return null
    throw error
  }
}
