import type { Firestore } from '@google-cloud/firestore'
import { type CachedFile, type CachedFilePage, listCachedFiles } from './cached-file.ts'
import { type EvictionPlan, planEviction } from './plan-eviction.ts'

/** What makes room for a copy. */
export interface RoomPlan extends EvictionPlan {
  /** Of everything in the cache that is pinned; null where less than everything had to be looked at. */
  pinnedBytes: number | null
}

const PAGE_SIZE = 100

/**
 * Which files go so that so many bytes become free; it may be fewer where others must stay. Looks at the files in the order in
 * which they go, and no further than it has to: a full cache has thousands, and who waits looks every minute.
 */
export async function planRoom(
  db: Firestore,
  wish: { freeBytes: number; keepRecent: number; now: Date },
): Promise<RoomPlan> {
  const { freeBytes, keepRecent, now } = wish
  const seen: CachedFile[] = []
  for (let cursor: string | null = null; ; ) {
    const page: CachedFilePage = await listCachedFiles(db, { limit: PAGE_SIZE, cursor })
    seen.push(...page.files)
    cursor = page.nextCursor
    const isAll = cursor === null
    // Those behind it in the list were used later: so many must be known before one is not among the last.
    const files = isAll ? seen : seen.slice(0, Math.max(0, seen.length - keepRecent))
    const maxBytes = sumOf(files) - freeBytes
    const plan = planEviction(files, { maxBytes, keepRecent: isAll ? keepRecent : 0, now })
    if (isAll) return { ...plan, pinnedBytes: sumOf(files.filter(({ isPinned }) => isPinned)) }
    if (plan.freedBytes >= freeBytes) return { ...plan, pinnedBytes: null }
  }
}

function sumOf(files: readonly CachedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
