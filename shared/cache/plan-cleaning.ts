import type { Firestore } from '@google-cloud/firestore'
import { allCachedFiles } from './cached-file.ts'
import { readLedger, reservedBytes } from './ledger.ts'
import { type EvictionPlan, planEviction } from './plan-eviction.ts'

/** What a clean-up would do, with the limits that it goes by. */
export interface CleaningPlan extends EvictionPlan {
  /** Null: there is none, so nothing goes. */
  maxBytes: number | null
  keepRecent: number
}

/**
 * Plans a clean-up from what the books say now. Trained weights and what is reserved for copies count against the limit, too.
 * `wish`: null for what is configured.
 */
export async function planCleaning(
  deps: {
    db: Firestore
    bucket: string
    /** CACHE_MAX_BYTES (0 for none) and CACHE_KEEP_RECENT. */
    limits: { maxBytes: number; keepRecent: number }
    now: () => Date
  },
  wish: { maxBytes: number | null; keepRecent: number | null },
): Promise<CleaningPlan> {
  const { db, bucket, limits } = deps
  const maxBytes = wish.maxBytes ?? (limits.maxBytes === 0 ? null : limits.maxBytes)
  const keepRecent = wish.keepRecent ?? limits.keepRecent
  const ledger = await readLedger(db, bucket)
  const files = await allCachedFiles(db)
  const cachedBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  // Before the first count there is only the index.
  const otherBytes = ledger === null ? 0 : Math.max(0, ledger.storedBytes - cachedBytes) + reservedBytes(ledger)
  const most = maxBytes ?? Number.POSITIVE_INFINITY
  const plan = planEviction(files, { maxBytes: most, keepRecent, now: deps.now(), otherBytes })
  return { ...plan, maxBytes, keepRecent }
}
