import type { Training } from '#shared/documents/trainings.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { parseModelName } from '#shared/replicate/model-version.ts'
import { readTrainingResult } from '#shared/replicate/training-result.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import type { FinishDeps } from './finish-deps.ts'
import { type EndedRun, lookAtRun } from './look-at-run.ts'
import { BILLED, runEndedBadly } from './run-ends.ts'

/** What a run has made. Plain JSON: the result of a step. */
export interface FinishedRun {
  /** `owner/name`. */
  model: string
  /** 64 hex characters. */
  versionId: string
  /** At Replicate, for an hour. */
  weightsUrl: string
  /** When we heard of it (ms since the epoch). */
  endedAtMs: number
}

/**
 * Waits for the end of the run, and reads what it has made; stored, for nobody can read it an hour later.
 * @throws JobWaitsError while it goes on; FinalError `training.…-at-replicate`, `.output-gone`, `.bad-output`.
 */
export async function finishedRun(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  training: Training,
): Promise<FinishedRun> {
  const { atMs: beganAtMs } = await run.step('began', async () => ({ atMs: deps.now().getTime() }))
  return await run.step('run', async () => {
    const ended = await lookAtRun(deps, run, training)
    if (ended.status !== 'succeeded') {
      run.logger.warn('The training ended badly at Replicate.', { status: ended.status, said: ended.error })
      await run.keep(BILLED, ended.predictSeconds)
      throw runEndedBadly(ended.status)
    }
    const endedAtMs = deps.now().getTime()
    const { predictSeconds } = ended
    const durationMs = endedAtMs - beganAtMs
    logTrainingStage(run.logger, { training, stage: 'training', status: 'done', durationMs, predictSeconds })
    return { ...readResult(ended, training), endedAtMs }
  })
}

function readResult(ended: EndedRun, training: Training): Omit<FinishedRun, 'endedAtMs'> {
  if (ended.output === null) {
    throw new FinalError({
      code: 'training.output-gone',
      message: 'The trained model was no longer at Replicate when it was fetched.',
    })
  }
  const destination = parseModelName(training.destination ?? '')
  const { version, weightsUrl } = readTrainingResult(ended.output, destination ?? { owner: '', name: '' })
  if (version === null || version.owner === '' || weightsUrl === null) {
    throw new FinalError({
      code: 'training.bad-output',
      message: 'The training ended without a model that can be used.',
      facts: { hasVersion: version !== null, hasWeights: weightsUrl !== null },
    })
  }
  return { model: `${version.owner}/${version.name}`, versionId: version.versionId, weightsUrl }
}
