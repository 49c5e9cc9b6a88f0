import { type FolderManifest, manifestName } from '#shared/formats/folder-manifest.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectStore } from '#shared/objects/object-store.ts'
import type { CopiedFile } from './copy-one-file.ts'

/**
 * Writes what a folder holds: last of all, so that whoever finds it finds the folder complete. One that is there already
 * is replaced at its generation: the same folder copied anew.
 */
export async function writeManifest(
  store: ObjectStore,
  folder: { bucket: string; prefix: string; copyJobId: string; files: readonly CopiedFile[] },
): Promise<ObjectFacts> {
  const object = { bucket: folder.bucket, name: manifestName(folder.prefix) }
  const bytes = Buffer.from(manifestText(folder.files))
  const write = (ifGeneration: string) =>
    store.write({
      ...object,
      bytes,
      contentType: 'application/json',
      ifGeneration,
      metadata: { copyJobId: folder.copyJobId },
    })
  try {
    return await write('0')
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    const found = await store.stat(object)
    return await write(found?.generation ?? '0')
  }
}

/** What a folder's list of contents says. */
export function manifestText(files: readonly Pick<CopiedFile, 'path' | 'sizeBytes' | 'sha256'>[]): string {
  const manifest: FolderManifest = { files: files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })) }
  return `${JSON.stringify(manifest, null, 2)}\n`
}
