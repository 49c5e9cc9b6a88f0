import type { CacheCleanInput, CacheVerifyInput } from '#shared/cache/cache-jobs.ts'
import { type CleanCount, cleanCache, NOTHING_CLEANED } from '#shared/cache/clean-cache.ts'
import type { RoomDeps } from '#shared/cache/reserve-room.ts'
import { verifyCache } from '#shared/cache/verify-cache.ts'
import type { VerifyCheckpoint, VerifyDeps } from '#shared/cache/verify-state.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'

/** Evicts what was used least recently; `jobs/{id}.result` is the report. */
export async function runCacheClean(
  deps: RoomDeps & { wakeCopies(): Promise<void> },
  run: JobRun<CacheCleanInput>,
): Promise<void> {
  const report = await cleanCache(deps, {
    ...run.input,
    before: run.stored<CleanCount>('count') ?? NOTHING_CLEANED,
    keep: (count) => run.keep('count', count),
    onProgress: (progress) => run.report(progress),
    signal: run.signal,
  })
  await run.complete(report, async () => () => {})
  await deps.wakeCopies()
}

/** Holds the index against the bucket; `jobs/{id}.result` is the report. */
export async function runCacheVerify(
  deps: VerifyDeps & { wakeCopies(): Promise<void> },
  run: JobRun<CacheVerifyInput>,
): Promise<void> {
  const report = await verifyCache(deps, {
    repair: run.input.repair,
    checkpoint: run.stored<VerifyCheckpoint>('checkpoint'),
    storeCheckpoint: (checkpoint) => run.keep('checkpoint', checkpoint),
    onProgress: (progress) => run.report(progress),
    signal: run.signal,
  })
  await run.complete(report, async () => () => {})
  await deps.wakeCopies()
}
