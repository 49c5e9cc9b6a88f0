import * as z from 'zod'
import { BASE_MODELS } from './base-models.ts'
import { MODEL_FORMATS } from './model-formats.ts'
import { MODEL_TYPES } from './model-types.ts'
import { AVAILABILITIES, MODEL_SOURCES, type RegistryModel } from './registry-model.ts'

const text = z.string().nullable()
const number = z.number().nullable()
const date = z.iso.datetime().nullable()

/** A model as it is answered and exported: the names that people know from other tools, dates as ISO 8601 in UTC. */
export const wireModelSchema = z.strictObject({
  id: z.string(),
  source: z.enum(MODEL_SOURCES),
  source_id: z.string(),
  name: z.string(),
  type: z.enum(MODEL_TYPES),
  source_type: text,
  base_model: z.enum(BASE_MODELS).nullable(),
  source_base_model: text,
  version: text,
  source_version_id: text,
  format: z.enum(MODEL_FORMATS).nullable(),
  size_bytes: z.int().nonnegative().nullable(),
  sha256: text,
  trigger_words: z.array(z.string()),
  tags: z.array(z.string()),
  task: text,
  library: text,
  description: text,
  creator: text,
  download_count: number,
  like_count: number,
  rating: number,
  recommended_weight: number,
  nsfw: z.boolean(),
  availability: z.enum(AVAILABILITIES),
  available_at: date,
  gcs_uri: text,
  remote_url: text,
  created_at: date,
  updated_at: date,
  /** Of its document; this and the rest is null for what is not registered. */
  model_id: text,
  sync_status: text,
  sync_error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  /** Only of one model that is being synced, once its copy has begun; `bytes_total` null while its source has not said it. */
  sync_progress: z
    .strictObject({ bytes_done: z.int().nonnegative(), bytes_total: z.int().nonnegative().nullable() })
    .nullable(),
  system: z.boolean().nullable(),
})

export type WireModel = z.infer<typeof wireModelSchema>

/** What the API answers; how far its sync is only whoever asks about one model is told. */
export function toWireModel(model: RegistryModel): WireModel {
  return {
    id: model.id,
    source: model.source,
    source_id: model.sourceId,
    name: model.name,
    type: model.type,
    source_type: model.sourceType,
    base_model: model.baseModel,
    source_base_model: model.sourceBaseModel,
    version: model.version,
    source_version_id: model.sourceVersionId,
    format: model.format,
    size_bytes: model.sizeBytes,
    sha256: model.sha256,
    trigger_words: model.triggerWords,
    tags: model.tags,
    task: model.task,
    library: model.library,
    description: model.description,
    creator: model.creator,
    download_count: model.downloadCount,
    like_count: model.likeCount,
    rating: model.rating,
    recommended_weight: model.recommendedWeight,
    nsfw: model.isNsfw,
    availability: model.availability,
    available_at: model.availableAt?.toISOString() ?? null,
    gcs_uri: model.gcsUri,
    remote_url: model.remoteUrl,
    created_at: model.createdAt?.toISOString() ?? null,
    updated_at: model.updatedAt?.toISOString() ?? null,
    model_id: model.registered?.modelId ?? null,
    sync_status: model.registered?.syncStatus ?? null,
    sync_error: model.registered?.syncError ?? null,
    sync_progress: null,
    system: model.registered?.isSystem ?? null,
  }
}

/** The model that `toWireModel` has written; `wireModelSchema` has read it. */
export function fromWireModel(wire: WireModel): RegistryModel {
  return {
    id: wire.id,
    source: wire.source,
    sourceId: wire.source_id,
    name: wire.name,
    type: wire.type,
    sourceType: wire.source_type,
    baseModel: wire.base_model,
    sourceBaseModel: wire.source_base_model,
    version: wire.version,
    sourceVersionId: wire.source_version_id,
    format: wire.format,
    sizeBytes: wire.size_bytes,
    sha256: wire.sha256,
    triggerWords: wire.trigger_words,
    tags: wire.tags,
    task: wire.task,
    library: wire.library,
    description: wire.description,
    creator: wire.creator,
    downloadCount: wire.download_count,
    likeCount: wire.like_count,
    rating: wire.rating,
    recommendedWeight: wire.recommended_weight,
    isNsfw: wire.nsfw,
    availability: wire.availability,
    availableAt: dateOf(wire.available_at),
    gcsUri: wire.gcs_uri,
    remoteUrl: wire.remote_url,
    createdAt: dateOf(wire.created_at),
    updatedAt: dateOf(wire.updated_at),
    registered: registeredOf(wire),
  }
}

function registeredOf(wire: WireModel): RegistryModel['registered'] {
  const { model_id: modelId, sync_status: syncStatus, sync_error: syncError, system } = wire
  return modelId === null ? null : { modelId, syncStatus, syncError, isSystem: system ?? false }
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
