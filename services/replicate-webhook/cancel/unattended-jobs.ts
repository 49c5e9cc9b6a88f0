import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobNames } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import {
  type LostRunInput,
  lostRunInputSchema,
  lostRunNames,
  type RunCancelInput,
  runCancelInputSchema,
  runCancelNames,
} from '#shared/trainings/training-jobs.ts'

interface Parts<Input> {
  work(run: JobRun<Input>): Promise<void>
}

/** The job that ends a run which nobody waits for any more: what `shared/jobs` needs to know of it. */
export function runCancelJob({ work }: Parts<RunCancelInput>): JobDefinition<RunCancelInput> {
  return unattended(runCancelNames, (stored) => runCancelInputSchema.parse(stored), work)
}

/** The job that looks for a run whose owner is gone. */
export function lostRunJob({ work }: Parts<LostRunInput>): JobDefinition<LostRunInput> {
  return unattended(lostRunNames, (stored) => lostRunInputSchema.parse(stored), work)
}

function unattended<Input>(
  names: JobNames<Input>,
  parseInput: (stored: unknown) => Input,
  run: (run: JobRun<Input>) => Promise<void>,
): JobDefinition<Input> {
  return {
    ...names,
    parseInput,
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    run,
    // Nobody waits for it; the job's own record says it.
    failed: async () => () => {},
    cleanUp: async () => {},
  }
}
