import { readTraining } from '#shared/documents/trainings.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { repeatWhileHeld } from '#shared/jobs/repeat-while-held.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import type { FinishDeps } from './finish-deps.ts'
import { checkWanted } from './wanted.ts'

/** Soon enough for whoever waits for the cancel, and no load on the database. */
const LOOK_EVERY_MS = 2_000

/** The run's signal, which also aborts (CancelRequestedError) when its owner no longer wants what takes long. */
export function watchCancel(
  deps: Pick<FinishDeps, 'db'>,
  run: JobRun<TrainingFinishInput>,
): { signal: AbortSignal; stop(): Promise<void> } {
  const unwanted = new AbortController()
  const looking = repeatWhileHeld({
    work: async () => {
      const training = await readTraining(null, deps.db, run.input.trainingId).catch(() => undefined)
      if (training === undefined) return
      try {
        checkWanted(training)
      } catch (reason) {
        unwanted.abort(reason)
      }
    },
    everyMs: LOOK_EVERY_MS,
    failuresBorne: 0,
    onEnd: (reason) => unwanted.abort(reason),
  })
  return { signal: AbortSignal.any([run.signal, unwanted.signal]), stop: () => looking.stop() }
}
