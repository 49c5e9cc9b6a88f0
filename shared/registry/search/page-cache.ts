import type { SourcePage } from './search-source.ts'

/** Pages of sources for a short time, so that what a page left unshown is not fetched again, and two people cost one request. */
export interface PageCache {
  get(key: string): SourcePage | null
  set(key: string, page: SourcePage): void
}

/** As old as a list may be: the hubs' own edges keep them for minutes. */
const DEFAULT_LIFE_MS = 60_000
/** A model with its description is some 3 KB. */
const DEFAULT_MAX_MODELS = 3_000

/** In memory, bounded by the models in it; what was put first goes first. */
export function createPageCache(options: { lifeMs?: number; maxModels?: number; now?: () => number } = {}): PageCache {
  const { lifeMs = DEFAULT_LIFE_MS, maxModels = DEFAULT_MAX_MODELS, now = Date.now } = options
  const pages = new Map<string, { page: SourcePage; endsAt: number }>()
  let held = 0

  // An empty page takes room too.
  const weightOf = ({ models }: SourcePage): number => models.length + 1

  function drop(key: string): void {
    const found = pages.get(key)
    if (found === undefined) return
    held -= weightOf(found.page)
    pages.delete(key)
  }

  return {
    get(key) {
      const found = pages.get(key)
      if (found === undefined) return null
      if (found.endsAt > now()) return found.page
      drop(key)
      return null
    },
    set(key, page) {
      drop(key)
      if (weightOf(page) > maxModels) return
      pages.set(key, { page, endsAt: now() + lifeMs })
      held += weightOf(page)
      for (const oldest of pages.keys()) {
        if (held <= maxModels) break
        drop(oldest)
      }
    },
  }
}
