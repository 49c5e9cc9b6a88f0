import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { type RunCancelInput, runCancelInputSchema, runCancelNames } from '#shared/trainings/training-jobs.ts'

/** The job that ends a run which nobody waits for any more: what `shared/jobs` needs to know of it. */
export function runCancelJob(parts: {
  work(run: JobRun<RunCancelInput>): Promise<void>
}): JobDefinition<RunCancelInput> {
  return {
    ...runCancelNames,
    parseInput: (stored) => runCancelInputSchema.parse(stored),
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    run: parts.work,
    // Nobody waits for it; the job's own record says it.
    failed: async () => () => {},
    cleanUp: async () => {},
  }
}
