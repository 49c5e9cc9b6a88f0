import type { Firestore } from '@google-cloud/firestore'
import type { CachedFile } from '#shared/cache/cached-file.ts'
import { groupsOf } from '#shared/documents/in-groups.ts'
import { modelRef } from '#shared/documents/models.ts'
import { reading } from '#shared/documents/reading.ts'
import type { CachedFileView } from '../../endpoints/cache-schemas.ts'
import { isoTime } from '../training-view.ts'

/** A request for more would take its time for all of them. */
const READ_AT_ONCE = 500

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
  const names = new Map<string, string>()
  for (const group of groupsOf([...new Set(ids)], READ_AT_ONCE)) {
    const refs = group.map((id) => modelRef(db, id))
    for (const snapshot of await reading(db.getAll(...refs, { fieldMask: ['name'] }))) {
      const name: unknown = snapshot.get('name')
      if (typeof name === 'string') names.set(snapshot.id, name)
    }
  }
  return names
}
