import type { CachedFile } from './cached-file.ts'

export type KeepReason =
  | 'pinned'
  /** Somebody was promised it for a while: a download URL. */
  | 'leased'
  /** Among those used last. */
  | 'recent'
  /** A sync is about to tell a model of it. */
  | 'in-use'
  /** It need not go. */
  | 'fits'

export interface EvictionPlan {
  /** In the order in which they go. */
  evict: CachedFile[]
  keep: { file: CachedFile; why: KeepReason }[]
  freedBytes: number
}

export interface EvictionWish {
  /** What the bucket may hold afterwards. */
  maxBytes: number
  /** So many that were used last stay. */
  keepRecent: number
  now: Date
  /** What lies in the bucket, or is promised, beside these files and can't go: trained weights, reservations. Default 0. */
  otherBytes?: number
}

/** Which files go so that the rest fits, those first that were used least recently. It may fit even then only if `keep` lets it. */
export function planEviction(files: readonly CachedFile[], wish: EvictionWish): EvictionPlan {
  const oldestFirst = files.toSorted(byLastUse)
  const recent = new Set(wish.keepRecent > 0 ? oldestFirst.slice(-wish.keepRecent) : [])
  const plan: EvictionPlan = { evict: [], keep: [], freedBytes: 0 }
  let bytes = (wish.otherBytes ?? 0) + files.reduce((sum, file) => sum + file.bytes, 0)
  for (const file of oldestFirst) {
    const why = keepReason(file, wish.now) ?? (recent.has(file) ? 'recent' : bytes <= wish.maxBytes ? 'fits' : null)
    if (why !== null) {
      plan.keep.push({ file, why })
      continue
    }
    plan.evict.push(file)
    plan.freedBytes += file.bytes
    bytes -= file.bytes
  }
  return plan
}

/** Why a file must stay whatever room is needed. */
function keepReason(file: CachedFile, now: Date): KeepReason | null {
  if (file.isPinned) return 'pinned'
  if (file.leasedUntil !== null && file.leasedUntil.toMillis() > now.getTime()) return 'leased'
  return file.isAwaited ? 'in-use' : null
}

/** One that was never used since anybody counts comes first; the id makes the order the same every time. */
function byLastUse(a: CachedFile, b: CachedFile): number {
  const difference = usedAt(a) - usedAt(b)
  if (difference !== 0) return difference
  return a.fileId < b.fileId ? -1 : 1
}

/** In ms with the fraction: two uses can lie within one. */
function usedAt({ lastUsedAt }: CachedFile): number {
  return lastUsedAt === null ? 0 : lastUsedAt.seconds * 1_000 + lastUsedAt.nanoseconds / 1e6
}
