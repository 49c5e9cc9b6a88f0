import { extensionOf, folderPrefix, modelObjectName } from '#shared/formats/object-name.ts'
import type { ResolvedModel } from './sources/resolved-model.ts'

/** Where a model goes: an object's name, or a prefix that ends in a slash. */
export function targetOf(modelName: string, resolved: ResolvedModel): string {
  const { versionId, layout, files } = resolved
  if (layout === 'folder') return folderPrefix({ name: modelName, versionId })
  return modelObjectName({ name: modelName, versionId, extension: extensionOf(files[0]?.path ?? '') })
}

/** A folder's list of contents, written last: with it the folder is complete. */
export function manifestName(prefix: string): string {
  return `${prefix}manifest.json`
}
