import { type HubPlace, hubDetails } from '../hubs/hub-details.ts'
import { safeName } from '../hubs/model-texts.ts'
import type { Hubs } from '../hubs/open-hubs.ts'
import { formatFromHuggingFace } from '../model/model-formats.ts'
import { type NewModelSource, newModelOf } from '../model/new-model.ts'
import { nothingMore, type RegistryModel } from '../model/registry-model.ts'

/** A source named exactly, and what is known of it before its bytes are here. */
export interface DescribedSource {
  source: NewModelSource
  record: RegistryModel
}

/**
 * Asks the hub what a source is. Of CivitAI the version is pinned that a sync would take now: a later one is an update, and
 * another model. A repo stays at the revision that was named, by the name that it has today. Throws the hubs' errors.
 */
export async function describeSource(
  hubs: Hubs,
  source: NewModelSource,
  signal?: AbortSignal,
): Promise<DescribedSource> {
  if (source.kind === 'url' || source.kind === 'upload') return { source, record: fileRecord(source) }
  const record = await hubDetails(hubs, source, signal)
  return { source: pinned(source, record), record }
}

function pinned(source: HubPlace, record: RegistryModel): NewModelSource {
  if (source.kind === 'huggingface') return { ...source, reference: { ...source.reference, repo: record.sourceId } }
  const { fileId } = source.reference
  return { ...source, reference: { modelId: record.sourceId, versionId: record.sourceVersionId, fileId } }
}

/** Of a file that nobody says anything about. */
function fileRecord(source: Extract<NewModelSource, { kind: 'url' | 'upload' }>): RegistryModel {
  const { id, name } = newModelOf(source)
  const path = source.kind === 'url' ? (URL.parse(source.url)?.pathname ?? '') : source.object
  return {
    id: `local:${id}`,
    source: 'local',
    sourceId: id,
    name: safeName(name) || id,
    type: 'other',
    ...nothingMore(),
    format: formatFromHuggingFace({ paths: [path], tags: [] }),
    sha256: source.sha256,
  }
}
