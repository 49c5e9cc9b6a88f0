import type { Firestore } from '@google-cloud/firestore'
import type { CachedFile } from '#shared/cache/cached-file.ts'
import { modelRef } from '#shared/documents/models.ts'
import type { CachedFileView } from '../../endpoints/cache-schemas.ts'
import { reading } from '../reading.ts'
import { isoTime } from '../training-view.ts'

/** Files of the cache as operators see them, with the names of their models. */
export async function cachedFileViews(db: Firestore, files: readonly CachedFile[]): Promise<CachedFileView[]> {
  const names = await modelNames(
    db,
    files.flatMap(({ modelIds }) => modelIds),
  )
  return files.map((file) => ({
    file_id: file.fileId,
    uri: file.uri,
    size_bytes: file.bytes,
    sha256: file.sha256,
    last_used_at: isoTime(file.lastUsedAt),
    pinned: file.isPinned,
    leased_until: isoTime(file.leasedUntil),
    models: file.modelIds.map((id) => ({ model_id: id, name: names.get(id) ?? null })),
  }))
}

/** A model that is deleted, or has no name, has none here. */
async function modelNames(db: Firestore, ids: readonly string[]): Promise<Map<string, string>> {
  const [first, ...rest] = [...new Set(ids)].map((id) => modelRef(db, id))
  if (first === undefined) return new Map()
  const found = await reading(db.getAll(first, ...rest, { fieldMask: ['name'] }))
  return new Map(
    found.flatMap((snapshot) => {
      const name: unknown = snapshot.get('name')
      return typeof name === 'string' ? [[snapshot.id, name] as const] : []
    }),
  )
}
