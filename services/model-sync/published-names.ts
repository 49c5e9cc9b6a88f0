import type { ModelFormat } from '#shared/formats/model-format.ts'
import { extensionOf, folderObjectName, folderPrefix, modelObjectName } from '#shared/formats/object-name.ts'
import type { CopyInput } from './copy-input.ts'
import type { ResolvedModel } from './sources/resolved-model.ts'

/** Where a model goes: an object's name but for its extension, or a prefix that ends in a slash. */
export function targetOf(modelName: string, resolved: Pick<ResolvedModel, 'layout' | 'versionId'>): string {
  const model = { name: modelName, versionId: resolved.versionId }
  return resolved.layout === 'folder' ? folderPrefix(model) : modelObjectName({ ...model, extension: '' })
}

/** The object that a file becomes. A single file's extension is what its bytes say, whatever it is called. */
export function publishedName(
  target: Pick<CopyInput, 'layout' | 'target'>,
  file: { path: string; format: ModelFormat },
): string {
  return target.layout === 'folder'
    ? folderObjectName(target.target, file.path)
    : `${target.target}${extensionOf(file.path, file.format)}`
}
