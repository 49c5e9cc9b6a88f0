import { readReplicateRun } from '#shared/documents/replicate-runs.ts'
import { type Training, updateTraining } from '#shared/documents/trainings.ts'
import { AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { isTerminal } from '#shared/replicate/prediction.ts'
import { isReplicateError } from '#shared/replicate/replicate-error.ts'
import type { Run } from '#shared/replicate/run.ts'
import { readTrainingProgress } from '#shared/replicate/training-progress.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import type { FinishDeps } from './finish-deps.ts'
import type { BadEnd } from './run-ends.ts'
import { whileWanted } from './wanted.ts'

/** A run that will not change any more. */
export interface EndedRun {
  status: 'succeeded' | BadEnd
  /** Null where it has made nothing, or Replicate has removed it. */
  output: unknown
  error: string | null
  predictSeconds: number | null
}

/** For so long a run that was created may be unknown to whoever answers at Replicate. */
const MISSING_FOR_MS = 10 * 60_000

/**
 * One look at a run: what a webhook has told of its end, else what Replicate says.
 * @throws JobWaitsError while it goes on, or cannot be asked about: that never adds up to a failure.
 */
export async function lookAtRun(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  training: Training,
): Promise<EndedRun> {
  const { runId, trainingId } = run.input
  const told = await readReplicateRun(null, deps.db, runId)
  const toldEnd = told && endOf({ ...told, output: told.outputJson === null ? null : JSON.parse(told.outputJson) })
  // What was too long for the record is asked for.
  if (toldEnd && (toldEnd.status !== 'succeeded' || toldEnd.output !== null)) return toldEnd

  const now = await ask(deps, run)
  const end = endOf(now)
  if (end !== null) return end
  const progress = readTrainingProgress(now.logsTail)
  if (progress !== null && progress !== training.progress) {
    await run.commit(whileWanted(deps.db, trainingId, () => updateTraining(deps.db, trainingId, { progress })))
  }
  throw lookAgain(deps, { code: 'training.goes-on', message: 'The training goes on at Replicate.' })
}

function endOf(run: Pick<Run, 'status' | 'output' | 'error' | 'predictSeconds'>): EndedRun | null {
  const { status, output, error, predictSeconds } = run
  if (!isTerminal(run) || status === 'starting' || status === 'processing' || status === 'unknown') return null
  return { status, output, error, predictSeconds }
}

async function ask(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<Run> {
  const { runId } = run.input
  try {
    return await deps.replicate.trainings.get(runId, { signal: run.signal })
  } catch (error) {
    run.signal.throwIfAborted()
    if (!(error instanceof AppError)) throw error
    if (isReplicateError(error) && error.code === 'replicate.not-found') await checkMissing(deps, run)
    run.logger.warn('Replicate could not be asked about a run; it is asked again.', { error, runId })
    const retryAt = error instanceof TransientError ? error.retryAt : null
    throw lookAgain(deps, { code: error.code, message: error.message, retryAt })
  }
}

/** @throws FinalError `training.run-gone` for a run that Replicate has not known for long. */
async function checkMissing(deps: FinishDeps, run: JobRun<TrainingFinishInput>): Promise<void> {
  const nowMs = deps.now().getTime()
  const missing = run.stored<{ sinceMs: number }>('missing')
  if (missing === null) return await run.keep('missing', { sinceMs: nowMs })
  if (nowMs - missing.sinceMs < MISSING_FOR_MS) return
  throw new FinalError({ code: 'training.run-gone', message: 'Replicate does not know the training any more.' })
}

function lookAgain(deps: FinishDeps, why: { code: string; message: string; retryAt?: Date | null }): JobWaitsError {
  const { code, message, retryAt = null } = why
  const nextMs = deps.now().getTime() + deps.pollMs
  return new JobWaitsError({ code, message, until: new Date(Math.max(nextMs, retryAt?.getTime() ?? 0)) })
}
