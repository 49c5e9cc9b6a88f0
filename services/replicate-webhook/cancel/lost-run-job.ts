import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { type LostRunInput, lostRunInputSchema, lostRunNames } from '#shared/trainings/training-jobs.ts'

/** The job that looks for a run whose owner is gone: what `shared/jobs` needs to know of it. */
export function lostRunJob(parts: { work(run: JobRun<LostRunInput>): Promise<void> }): JobDefinition<LostRunInput> {
  return {
    ...lostRunNames,
    parseInput: (stored) => lostRunInputSchema.parse(stored),
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    run: parts.work,
    // Nobody waits for it; the job's own record says it.
    failed: async () => () => {},
    cleanUp: async () => {},
  }
}
