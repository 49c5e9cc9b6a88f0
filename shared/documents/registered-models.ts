import type { DocumentSnapshot } from '@google-cloud/firestore'
import * as z from 'zod'
import { BASE_MODELS, type BaseModel, baseFromHuggingFace, familyOf } from '#shared/registry/model/base-models.ts'
import { MODEL_FORMATS, type RegistryFormat, storedFormat } from '#shared/registry/model/model-formats.ts'
import { MODEL_TYPES, type ModelType } from '#shared/registry/model/model-types.ts'
import { registryId, sourceKey } from '#shared/registry/model/registry-id.ts'
import { AVAILABILITIES, MODEL_SOURCES, type RegistryModel } from '#shared/registry/model/registry-model.ts'
import { searchWords } from '#shared/registry/search/search-words.ts'
import { type Model, toModel } from './model.ts'

/** A registered model: what the registry says of it, and the document's own fields that decide what may be done with it. */
export interface RegisteredModel {
  model: RegistryModel & { registered: NonNullable<RegistryModel['registered']> }
  /** Null for the system's. */
  userId: string | null
  document: Model
  /** Whether the document has our map: without it no query of the registry finds it. */
  isIndexed: boolean
}

const text = z.string().nullish().catch(null).default(null).transform(orNull)
const number = z.number().nullish().catch(null).default(null).transform(orNull)
const texts = z.array(z.string()).catch([])
/** As Firestore gives it, and as it is written. */
const date = z
  .union([z.date(), z.custom<{ toDate(): Date }>(hasToDate).transform((time) => time.toDate())])
  .nullish()
  .catch(null)
  .transform(orNull)

/** `registry`, our map in the app's document. */
const entrySchema = z.object({
  source: z.enum(MODEL_SOURCES),
  sourceId: z.string(),
  sourceVersionId: text,
  type: z.enum(MODEL_TYPES),
  sourceType: text,
  base: z.enum(BASE_MODELS).nullish().catch('other').transform(orNull),
  sourceBaseModel: text,
  version: text,
  format: z.enum(MODEL_FORMATS).nullish().catch(null).transform(orNull),
  sizeBytes: number,
  sha256: text,
  tags: texts,
  task: text,
  library: text,
  description: text,
  creator: text,
  downloadCount: number,
  likeCount: number,
  rating: number,
  recommendedWeight: number,
  isNsfw: z.boolean().catch(false),
  availability: z.enum(AVAILABILITIES).catch('open'),
  availableAt: date,
  remoteUrl: text,
  sourceCreatedAt: date,
  sourceUpdatedAt: date,
})

type RegistryEntry = z.output<typeof entrySchema>

/** What the document says beside our map and what model-sync reads. */
const besideSchema = z.object({
  sha256: text,
  sizeBytes: number,
  format: text,
  syncError: text,
  syncErrorCode: text,
  createdAt: date,
  updatedAt: date,
})

/**
 * Our map for a model's document: what the source says, and the keys that it is found by. `userId` null: for the system.
 * What the document's own fields say (name, trigger words, where it lies) is not in it.
 */
export function registryFields(model: RegistryModel, userId: string | null): Record<string, unknown> {
  const entry: RegistryEntry = {
    source: model.source,
    sourceId: model.sourceId,
    sourceVersionId: model.sourceVersionId,
    type: model.type,
    sourceType: model.sourceType,
    base: model.baseModel,
    sourceBaseModel: model.sourceBaseModel,
    version: model.version,
    format: model.format,
    sizeBytes: model.sizeBytes,
    sha256: model.sha256,
    tags: model.tags,
    task: model.task,
    library: model.library,
    description: model.description,
    creator: model.creator,
    downloadCount: model.downloadCount,
    likeCount: model.likeCount,
    rating: model.rating,
    recommendedWeight: model.recommendedWeight,
    isNsfw: model.isNsfw,
    availability: model.availability,
    availableAt: model.availableAt,
    remoteUrl: model.remoteUrl,
    sourceCreatedAt: model.createdAt,
    sourceUpdatedAt: model.updatedAt,
  }
  return { ...entry, ...searchKeys(model, userId) }
}

/** What queries go by; made again whenever what they are made of changes. */
export function searchKeys(
  model: Pick<
    RegistryModel,
    'id' | 'source' | 'sourceId' | 'sourceVersionId' | 'name' | 'creator' | 'triggerWords' | 'tags' | 'likeCount'
  >,
  userId: string | null,
): { key: string; owner: string; words: string[]; popularity: number } {
  return {
    key: sourceKey(model),
    // Firestore finds no null among several values.
    owner: userId ?? '',
    words: searchWords(model),
    // A sort leaves out what has no such field, and puts what is null last.
    popularity: model.likeCount ?? 0,
  }
}

/** A model's document as the registry shows it; null where there is none. */
export function toRegistered(snapshot: DocumentSnapshot): RegisteredModel | null {
  const fields = snapshot.data()
  return fields === undefined ? null : registeredOf(snapshot.id, fields)
}

/** The same of fields. A document without our map (the app's own, older than model sync) says what can be read off its own. */
export function registeredOf(id: string, fields: Readonly<Record<string, unknown>>): RegisteredModel {
  const document = toModel(id, fields)
  const parsed = entrySchema.safeParse(fields.registry)
  const entry = parsed.success ? parsed.data : bareEntry(document)
  const beside = besideSchema.parse(fields)
  const { base, sourceCreatedAt, sourceUpdatedAt, ...said } = entry
  const { syncError, syncErrorCode } = beside
  return {
    model: {
      ...said,
      id: registryId(id, document.source),
      name: document.name,
      type: typeOf(document.type, entry.type),
      baseModel: familyFrom(document.baseModel, entry),
      sourceBaseModel: entry.sourceBaseModel ?? document.baseModel,
      format: formatOf(beside.format, entry.format),
      sizeBytes: beside.sizeBytes ?? entry.sizeBytes,
      sha256: beside.sha256 ?? entry.sha256,
      triggerWords: document.triggerWords,
      gcsUri: document.gcsUri,
      createdAt: sourceCreatedAt ?? beside.createdAt,
      updatedAt: sourceUpdatedAt ?? beside.updatedAt,
      registered: {
        modelId: id,
        syncStatus: document.syncStatus,
        syncError: syncError === null ? null : { code: syncErrorCode ?? 'sync.failed', message: syncError },
        isSystem: document.userId === null,
      },
    },
    userId: document.userId,
    document,
    isIndexed: parsed.success,
  }
}

/** What the app's own fields tell. */
function bareEntry({ id, type, baseModel, source }: Model): RegistryEntry {
  const { civitaiModelId, engine, hfId, versionId } = source
  const isRepo = engine === 'huggingface' && hfId !== null && source.sourceUrl === null
  const from =
    civitaiModelId !== null
      ? { source: 'civitai' as const, sourceId: civitaiModelId, sourceVersionId: versionId }
      : isRepo
        ? { source: 'huggingface' as const, sourceId: hfId, sourceVersionId: null }
        : { source: 'local' as const, sourceId: id, sourceVersionId: null }
  return entrySchema.parse({
    ...from,
    type: type === 'lora' ? 'lora' : 'base_model',
    base: isRepo ? baseFromHuggingFace({ id: hfId, baseModel, tags: [] }).family : familyOf(baseModel),
    sourceBaseModel: baseModel,
  })
}

/** The app's word decides where it says more than ours: it knows models and LoRAs. */
function typeOf(appType: string | null, type: ModelType): ModelType {
  if (appType === 'lora') return 'lora'
  return appType === 'model' && type === 'lora' ? 'base_model' : type
}

/** The family of the document's string, where somebody has changed it since; ours where that string tells no family. */
function familyFrom(said: string | null, entry: RegistryEntry): BaseModel | null {
  if (said === null || said === entry.sourceBaseModel) return entry.base
  const family = familyOf(said)
  return family === null || family === 'other' ? (entry.base ?? family) : family
}

/** Of a folder's files the stored format is that of one; what it is as a whole only its source knows. */
function formatOf(stored: string | null, said: RegistryFormat | null): RegistryFormat | null {
  return stored === null || said === 'diffusers' ? said : (storedFormat(stored) ?? said)
}

function orNull<T>(value: T | null | undefined): T | null {
  return value ?? null
}

function hasToDate(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'toDate' in value && typeof value.toDate === 'function'
}
