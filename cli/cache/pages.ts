import type { ApiClient } from '../api/api-client.ts'
import { type CachedFileRecord, type CachePageRecord, cachePage } from './records.ts'

/** The API's own most. */
const MOST_ON_A_PAGE = 500

interface Listing {
  /** If no more are wanted; default as many as the API gives. */
  pageSize?: number
  signal: AbortSignal
}

/** Pages of the cache, the longest unused first, for as long as they are asked for. */
export async function* cachePages(api: ApiClient, listing: Listing): AsyncGenerator<CachePageRecord> {
  const { pageSize = MOST_ON_A_PAGE, signal } = listing
  let cursor: string | null = null
  do {
    const query: URLSearchParams = new URLSearchParams({
      limit: String(Math.min(pageSize, MOST_ON_A_PAGE)),
      ...(cursor ? { cursor } : {}),
    })
    const page: CachePageRecord = await api.get(`/api/cache?${query}`, cachePage, signal)
    yield page
    cursor = page.next_cursor
  } while (cursor !== null)
}

/** Every file of the cache. */
export async function* cachedFiles(api: ApiClient, listing: Listing): AsyncGenerator<CachedFileRecord> {
  for await (const { files } of cachePages(api, listing)) yield* files
}
