import type { ModelSource as DocumentSource } from '../../documents/model.ts'
import type { RegistryModel } from './registry-model.ts'

/** What a hub's record and a registered model of the same version have in common, whatever file of it was registered. */
export function sourceKey(model: Pick<RegistryModel, 'id' | 'source' | 'sourceId' | 'sourceVersionId'>): string {
  const { id, source, sourceId, sourceVersionId } = model
  if (source === 'civitai' && sourceVersionId !== null) return `civitai:${sourceId}@${sourceVersionId}`
  // A repo has one state at a time; its names are the same in any case.
  if (source === 'huggingface') return `hf:${sourceId.toLowerCase()}`
  return id
}

/** The registry's id of what a document names: `civitai:1@2+3`, `hf:owner/name@revision:file`, else `local:` and the document's. */
export function registryId(modelId: string, source: DocumentSource): string {
  const { civitaiModelId, versionId, civitaiFileId, engine, hfId, revision, file } = source
  if (civitaiModelId !== null) {
    return `civitai:${civitaiModelId}${versionId === null ? '' : `@${versionId}`}${civitaiFileId === null ? '' : `+${civitaiFileId}`}`
  }
  if (engine === 'huggingface' && hfId !== null && source.sourceUrl === null) {
    return `hf:${hfId}${revision === null ? '' : `@${revision}`}${file === null ? '' : `:${file}`}`
  }
  return `local:${modelId}`
}

/** Whether a text is an id of the registry's; else it is a document's. */
export function isRegistryId(text: string): boolean {
  return /^(?:civitai|hf|local):/.test(text)
}
