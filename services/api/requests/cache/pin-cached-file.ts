import { readCachedFile } from '#shared/cache/cached-file.ts'
import { pinFile } from '#shared/cache/use-file.ts'
import { reading } from '#shared/documents/reading.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import type { ApiContext } from '../../api-context.ts'
import type { CachedFileView } from '../../endpoints/cache-schemas.ts'
import { cachedFileViews } from './cached-file-view.ts'

/** Pins a file or unpins it; done already is done. @throws CallerError 404 `file.not-found`. */
export async function pinCachedFile(
  context: ApiContext,
  pin: { fileId: string; pinned: boolean },
): Promise<CachedFileView> {
  const { db } = await context.loadClients()
  const isThere = await pinFile(db, pin)
  const file = isThere ? await reading(readCachedFile(db, pin.fileId)) : null
  const [view] = file === null ? [] : await cachedFileViews(db, [file])
  if (view !== undefined) return view
  throw new CallerError({
    status: 404,
    code: 'file.not-found',
    message: `The cache has no file ${pin.fileId}; GET /api/cache lists what it has.`,
  })
}
