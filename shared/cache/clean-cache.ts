import type { CacheLimits } from './cache-deps.ts'
import type { CacheJobProgress, CleanReport } from './cache-jobs.ts'
import { ensureLedger } from './count-bucket.ts'
import { type EvictionDeps, evictFile, finishEvictions } from './evict-file.ts'
import { type CleaningWish, gibibytes, planCleaning } from './plan-cleaning.ts'
import type { EvictionPlan } from './plan-eviction.ts'

/** What was done so far, kept between claims. */
export interface CleanCount {
  deleted: number
  freedBytes: number
  spared: number
}

export const NOTHING_CLEANED: CleanCount = { deleted: 0, freedBytes: 0, spared: 0 }

/** Evicts what was used least recently until the cache fits, or what is named, and says what came of it. Goes on from `before` where it was cut short. */
export async function cleanCache(
  deps: EvictionDeps & { limits: CacheLimits },
  wish: CleaningWish & {
    before: CleanCount
    /** Makes the count durable, after each file. */
    keep(count: CleanCount): Promise<void>
    onProgress(progress: CacheJobProgress): void
    signal: AbortSignal
  },
): Promise<CleanReport> {
  await ensureLedger(deps)
  await finishEvictions(deps)
  const plan = await planCleaning(deps, wish)
  let count = wish.before
  const totalFiles = count.deleted + count.spared + plan.evict.length
  const totalBytes = count.freedBytes + plan.freedBytes
  for (const file of plan.evict) {
    wish.signal.throwIfAborted()
    const isGone = await evictFile(deps, file)
    count = isGone
      ? { ...count, deleted: count.deleted + 1, freedBytes: count.freedBytes + file.bytes }
      : { ...count, spared: count.spared + 1 }
    const doneFiles = count.deleted + count.spared
    wish.onProgress({ phase: 'evicting', doneFiles, totalFiles, doneBytes: count.freedBytes, totalBytes })
    await wish.keep(count)
  }
  return cleanReport(plan, count)
}

function cleanReport({ keep }: Pick<EvictionPlan, 'keep'>, count: CleanCount): CleanReport {
  return {
    deleted_count: count.deleted,
    freed_space_gb: gibibytes(count.freedBytes),
    freed_bytes: count.freedBytes,
    kept_models: keep.map(({ file, why }) => ({
      file_id: file.fileId,
      uri: file.uri,
      bytes: file.bytes,
      models: file.modelIds,
      why,
    })),
    spared_count: count.spared,
  }
}
