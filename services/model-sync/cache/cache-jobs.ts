import {
  type CacheCleanInput,
  type CacheVerifyInput,
  cacheCleanInputSchema,
  cacheCleanNames,
  cacheVerifyInputSchema,
  cacheVerifyNames,
} from '#shared/cache/cache-jobs.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'

/** What `shared/jobs` needs to know of the two jobs that an operator asks for: nobody's document waits for them. */
const withoutDocument = {
  admit: async () => ({ kind: 'run', note: null, slot: null }) as const,
  failed: async () => () => {},
  cleanUp: async () => {},
}

export function cacheCleanJob(work: (run: JobRun<CacheCleanInput>) => Promise<void>): JobDefinition<CacheCleanInput> {
  const parseInput = (stored: unknown) => cacheCleanInputSchema.parse(stored)
  return { ...cacheCleanNames, ...withoutDocument, parseInput, run: work }
}

export function cacheVerifyJob(
  work: (run: JobRun<CacheVerifyInput>) => Promise<void>,
): JobDefinition<CacheVerifyInput> {
  const parseInput = (stored: unknown) => cacheVerifyInputSchema.parse(stored)
  return { ...cacheVerifyNames, ...withoutDocument, parseInput, run: work }
}
