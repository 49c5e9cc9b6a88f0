import type { Firestore } from '@google-cloud/firestore'
import { allCachedFiles } from './cached-file.ts'
import { readLedger, reservedBytes } from './ledger.ts'
import { type EvictionPlan, planEviction } from './plan-eviction.ts'

const GiB = 1024 ** 3

/** Bytes as people and reports have them: GiB to the thousandth. */
export function gibibytes(bytes: number): number {
  return Math.round((bytes / GiB) * 1_000) / 1_000
}

/** What a clean-up would do, with the limits that it goes by. */
export interface CleaningPlan extends EvictionPlan {
  /** Null: there is none, so nothing goes. */
  maxBytes: number | null
  keepRecent: number
}

export interface CleaningWish {
  /** Null for what is configured, as `keepRecent`. */
  maxBytes: number | null
  keepRecent: number | null
  /** These go, however much room there is, but for what must stay; the limits are not looked at. */
  fileIds: readonly string[] | null
}

/** Plans a clean-up from what the books say now. Trained weights and what is reserved for copies count against the limit, too. */
export async function planCleaning(
  deps: {
    db: Firestore
    bucket: string
    /** CACHE_MAX_BYTES (0 for none) and CACHE_KEEP_RECENT. */
    limits: { maxBytes: number; keepRecent: number }
    now: () => Date
  },
  wish: CleaningWish,
): Promise<CleaningPlan> {
  const { db, bucket, limits } = deps
  const maxBytes = wish.maxBytes ?? (limits.maxBytes === 0 ? null : limits.maxBytes)
  const keepRecent = wish.keepRecent ?? limits.keepRecent
  const files = await allCachedFiles(db)
  if (wish.fileIds !== null) {
    const named = files.filter(({ fileId }) => wish.fileIds?.includes(fileId))
    return { ...planEviction(named, { maxBytes: 0, keepRecent: 0, now: deps.now() }), maxBytes: null, keepRecent: 0 }
  }
  const ledger = await readLedger(db, bucket)
  const cachedBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  // Before the first count there is only the index.
  const otherBytes = ledger === null ? 0 : Math.max(0, ledger.storedBytes - cachedBytes) + reservedBytes(ledger)
  const most = maxBytes ?? Number.POSITIVE_INFINITY
  const plan = planEviction(files, { maxBytes: most, keepRecent, now: deps.now(), otherBytes })
  return { ...plan, maxBytes, keepRecent }
}
