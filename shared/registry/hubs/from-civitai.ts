import { chooseFile } from '../../civitai/choose-file.ts'
import { chooseVersion } from '../../civitai/choose-version.ts'
import type { CivitaiListedModel, CivitaiListedVersion, CivitaiStats } from '../../civitai/listed-model.ts'
import { isInEarlyAccess } from '../../civitai/version.ts'
import { familyOf } from '../model/base-models.ts'
import { formatFromCivitai } from '../model/model-formats.ts'
import { typeFromCivitai } from '../model/model-types.ts'
import type { Availability, RegistryModel } from '../model/registry-model.ts'
import { htmlToText } from './html-text.ts'
import { MAX_DESCRIPTION_BYTES, safeName, safeWords } from './model-texts.ts'
import { recommendedWeightIn } from './recommended-weight.ts'

/** The bits of PG and PG-13: a model that has pictures, and none of these, is nothing for everybody. */
const SAFE_LEVELS = 0b11

/**
 * A model of CivitAI's list or `/models/{id}` as a record of its version: the one asked for, else the one that a sync without
 * a version would take, else the first of its page; and of that version's file that was asked for, else of the one that a sync
 * would take. Null for a version, or a file, that the model does not have.
 */
export function fromCivitai(
  model: CivitaiListedModel,
  { nowMs, versionId = null, fileId = null }: { nowMs: number; versionId?: string | null; fileId?: string | null },
): RegistryModel | null {
  const chosen = versionId ?? chooseVersion(model, { choice: {}, nowMs })?.id ?? model.versions[0]?.id ?? null
  const version = model.versions.find(({ id }) => id === chosen) ?? null
  if (version === null && versionId !== null) return null
  const asked = fileId === null ? null : (version?.files.find(({ id }) => id === fileId) ?? null)
  if (fileId !== null && asked === null) return null
  const file = asked ?? (version && chooseFile(version.files, { modelType: model.type, choice: {} }))
  const text = (html: string | null): string | null => htmlToText(html ?? '', MAX_DESCRIPTION_BYTES) || null
  const description = text(model.descriptionHtml) ?? text(version?.descriptionHtml ?? null)
  const versionText = text(version?.descriptionHtml ?? null)
  const type = typeFromCivitai(model.type)
  return {
    id: `civitai:${model.id}${version === null ? '' : `@${version.id}`}${fileId === null ? '' : `+${fileId}`}`,
    source: 'civitai',
    sourceId: model.id,
    name: safeName(model.name) || model.id,
    type,
    sourceType: model.type,
    baseModel: familyOf(version?.baseModel ?? null),
    sourceBaseModel: version?.baseModel ?? null,
    version: version === null ? null : safeName(version.name) || version.id,
    sourceVersionId: version?.id ?? null,
    format: formatFromCivitai(file),
    sizeBytes: file?.sizeBytes ?? null,
    sha256: file?.hashes.sha256 ?? null,
    triggerWords: safeWords(version?.trainedWords ?? []),
    tags: safeWords(model.tags),
    task: null,
    library: null,
    description,
    creator: model.creator === null ? null : safeName(model.creator) || null,
    ...countsOf(model.stats),
    // Whatever other kinds of models say of weights is about something else.
    recommendedWeight: type === 'lora' ? (recommendedWeightIn(versionText) ?? recommendedWeightIn(description)) : null,
    isNsfw: model.isNsfw || (model.nsfwLevel !== null && model.nsfwLevel > 0 && (model.nsfwLevel & SAFE_LEVELS) === 0),
    ...availabilityOf(model, version, { hasFile: file !== null, nowMs }),
    gcsUri: null,
    remoteUrl: `https://civitai.com/models/${model.id}${version === null ? '' : `?modelVersionId=${version.id}`}`,
    createdAt: version?.publishedAt ?? version?.createdAt ?? null,
    updatedAt: version?.updatedAt ?? version?.publishedAt ?? version?.createdAt ?? null,
    registered: null,
  }
}

/**
 * A version's own answer (by id, by hash) as a record. It names neither tags nor creator nor the model's text (contract §3).
 * Null where it does not say whose version it is.
 */
export function fromCivitaiVersion(version: CivitaiListedVersion, { nowMs }: { nowMs: number }): RegistryModel | null {
  const { modelId, model } = version
  if (modelId === null) return null
  const stats = { downloadCount: null, thumbsUpCount: null, thumbsDownCount: null, rating: null }
  const shell: CivitaiListedModel = {
    id: modelId,
    name: model?.name ?? modelId,
    type: model?.type ?? null,
    mode: model?.mode ?? null,
    descriptionHtml: null,
    tags: [],
    creator: null,
    isNsfw: false,
    nsfwLevel: null,
    availability: null,
    stats,
    versions: [version],
  }
  return fromCivitai(shell, { nowMs, versionId: version.id })
}

/** A creator may hide any of them. Ratings of before 2024 are zeros today; then the share of thumbs up says it. */
function countsOf(stats: CivitaiStats): Pick<RegistryModel, 'downloadCount' | 'likeCount' | 'rating'> {
  const { downloadCount, thumbsUpCount: up, thumbsDownCount: down, rating } = stats
  const votes = up === null || down === null ? 0 : up + down
  const byVotes = votes > 0 ? (5 * (up ?? 0)) / votes : null
  const stars = rating !== null && rating > 0 && rating <= 5 ? rating : byVotes
  return { downloadCount, likeCount: up, rating: stars === null ? null : Math.round(stars * 100) / 100 }
}

function availabilityOf(
  model: CivitaiListedModel,
  version: CivitaiListedVersion | null,
  { hasFile, nowMs }: { hasFile: boolean; nowMs: number },
): { availability: Availability; availableAt: Date | null } {
  const of = (availability: Availability, availableAt: Date | null = null) => ({ availability, availableAt })
  if (model.mode === 'TakenDown') return of('taken_down')
  if (model.mode === 'Archived') return of('archived')
  if (version === null) return of('no_files')
  if (model.availability === 'Private' || version.availability === 'Private') return of('private')
  if (version.usageControl !== null && version.usageControl !== 'Download') return of('no_download')
  if (!hasFile) return of('no_files')
  if (!isInEarlyAccess(version, nowMs)) return of('open')
  return of('early_access', version.earlyAccess?.isPermanent ? null : (version.earlyAccess?.endsAt ?? null))
}
