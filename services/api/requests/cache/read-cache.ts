import { listCachedFiles } from '#shared/cache/cached-file.ts'
import { readLedger, reservedBytes } from '#shared/cache/ledger.ts'
import { reading } from '#shared/documents/reading.ts'
import type { ApiContext } from '../../api-context.ts'
import type { CachePageView } from '../../endpoints/cache-schemas.ts'
import { cachedFileViews } from './cached-file-view.ts'

/** How full the models bucket is, and a page of its files: first those that would be evicted first. */
export async function readCache(
  { config, loadClients }: ApiContext,
  page: { limit: number; cursor: string | null },
): Promise<CachePageView> {
  const { db } = await loadClients()
  const [ledger, { files, nextCursor }] = await reading(
    Promise.all([readLedger(db, config.MODELS_STORAGE_BUCKET), listCachedFiles(db, page)]),
  )
  return {
    used_bytes: ledger?.storedBytes ?? null,
    reserved_bytes: ledger === null ? 0 : reservedBytes(ledger),
    trained_bytes: ledger?.trainedBytes ?? null,
    limit_bytes: config.CACHE_MAX_BYTES || null,
    files: await cachedFileViews(db, files),
    next_cursor: nextCursor,
  }
}
