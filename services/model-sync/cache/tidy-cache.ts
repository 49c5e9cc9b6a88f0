import { abandonedRooms } from '#shared/cache/abandoned-rooms.ts'
import { countBucket } from '#shared/cache/count-bucket.ts'
import { finishEvictions } from '#shared/cache/evict-file.ts'
import { forgetGoneOwners } from '#shared/cache/forget-model.ts'
import { readLedger } from '#shared/cache/ledger.ts'
import { releaseRoom } from '#shared/cache/reserve-room.ts'
import { tellCustomTimes } from '#shared/cache/tell-custom-times.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { reconcilePageSize } from '#shared/jobs/reconcile.ts'
import { copyInputSchema, copyJobNames } from '../copy-input.ts'
import { cleanUpCopy } from '../copy-job.ts'
import type { ReconcileDeps } from '../reconcile.ts'
import { wakeJobs } from './wake-copies.ts'

/** A day's purges and uploads by hand change what nobody counts: a list of the bucket costs less than a wrong limit. */
const COUNT_EVERY_MS = 86_400_000

/** What of the cache nobody has brought to its end. */
export interface TidiedCache {
  /** Evictions whose instance died. */
  finishedEvictions: number
  /** Reservations of copies that ended without giving them back. */
  releasedRooms: number
}

/**
 * Brings evictions and reservations to their end, tells the bucket of uses, and counts it where the ledger may be wrong. Once a
 * day it also looks for models that were deleted while no event came of it.
 */
export async function tidyCache(deps: ReconcileDeps): Promise<TidiedCache> {
  const finishedEvictions = await finishEvictions(deps)
  await tellCustomTimes(deps, { limit: reconcilePageSize })
  const releasedRooms = await releaseAbandoned(deps)
  const ledger = await readLedger(deps.db, deps.bucket)
  if (ledger === null) return { finishedEvictions, releasedRooms }
  const isOld = deps.now().getTime() - ledger.countedAt.toMillis() > COUNT_EVERY_MS
  if (isOld || ledger.isDoubtful) {
    // First: the count makes the ledger young, and whoever dies in between is to be succeeded.
    await forgetGoneOwners(deps.db)
    await countBucket(deps)
  }
  return { finishedEvictions, releasedRooms }
}

async function releaseAbandoned(deps: ReconcileDeps): Promise<number> {
  let released = 0
  for (const { jobId, job } of await abandonedRooms(deps)) {
    // Trained weights are replicate-webhook's: its own reconciler ends them.
    if (job !== null && job.kind !== copyJobNames.kind) continue
    const input = readableInput(copyInputSchema, job)
    if (input !== null) await cleanUpCopy(deps, input, jobId)
    else await wakeJobs(deps, await releaseRoom(deps, jobId))
    released += 1
  }
  return released
}
