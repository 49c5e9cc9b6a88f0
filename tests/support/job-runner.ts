import type { Firestore } from '@google-cloud/firestore'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { silentLogger } from '#shared/logging/logger.ts'

type RunnerOptions = ConstructorParameters<typeof JobRunner>[0]

/** A runner of one kind of job, with limits that no test reaches by chance. */
export function testRunner<I>(
  db: Firestore,
  definition: JobDefinition<I>,
  { limits, ...options }: Partial<Omit<RunnerOptions, 'limits'>> & { limits?: Partial<RunnerOptions['limits']> } = {},
): JobRunner {
  return new JobRunner({
    db,
    definitions: [definition],
    wakeQueue: null,
    logger: silentLogger,
    shutdown: new AbortController().signal,
    ...options,
    limits: { leaseMs: 60_000, maxFailures: 3, deadlineMs: 86_400_000, workBudgetMs: 60_000, ...limits },
  })
}

/** A kind of job without slot, failure or clean-up of its own; what a test says otherwise comes first. */
export function testJob<I>(
  parts: Pick<JobDefinition<I>, 'kind' | 'key' | 'subject'> &
    Partial<JobDefinition<I>> & { run(run: JobRun<I>): Promise<void> },
): JobDefinition<I> {
  return {
    parseInput: (stored) => stored as I, // Written by the test itself.
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    failed: async () => () => {},
    cleanUp: async () => {},
    ...parts,
  }
}
