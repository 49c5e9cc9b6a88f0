import type { BaseModel } from './base-models.ts'
import type { RegistryFormat } from './model-formats.ts'
import type { ModelType } from './model-types.ts'

export const MODEL_SOURCES = ['huggingface', 'civitai', 'local'] as const

/** `local`: registered from a file of our own. */
export type ModelSource = (typeof MODEL_SOURCES)[number]

export const AVAILABILITIES = [
  'open',
  /** Only for buyers, until `availableAt` where that is known. */
  'early_access',
  /** For whoever has clicked. */
  'gated_auto',
  /** For whom a person lets in, after days. */
  'gated_manual',
  'private',
  /** To be used at the source only. */
  'no_download',
  'archived',
  'taken_down',
  /** There is nothing to load. */
  'no_files',
] as const

/** Whether a sync could have it. */
export type Availability = (typeof AVAILABILITIES)[number]

/** A model's document of ours: who sees it, and how its copy stands. */
export interface Registered {
  /** In `ai_models`. */
  modelId: string
  /** `notsynced`, `syncing`, `synced`; newer versions of the app know more. */
  syncStatus: string | null
  /** Why its last sync failed, until another one is asked for. */
  syncError: { code: string; message: string } | null
  /** Everybody sees it, operators change it. */
  isSystem: boolean
}

/** One model, at one version, whatever source it comes from. Texts are remote ones, made safe to show as text and bounded. */
export interface RegistryModel {
  /** `civitai:123@456`, `hf:owner/name`, `local:…`: what people give to register or sync it. */
  id: string
  source: ModelSource
  /** At the source, without the version: what makes two answers the same model. */
  sourceId: string
  name: string
  type: ModelType
  /** The source's own word: CivitAI's type, the Hub's task. */
  sourceType: string | null
  /** Null where nothing is said; `other` where something is said that we don't know. */
  baseModel: BaseModel | null
  /** The source's own string: `SDXL 1.0 LCM`, `black-forest-labs/FLUX.1-dev`. */
  sourceBaseModel: string | null
  /** The name of the version; of a repo its commit. */
  version: string | null
  sourceVersionId: string | null
  format: RegistryFormat | null
  /** Of the file that a sync would take; null where it is not said or not one file. */
  sizeBytes: number | null
  /** Of that file, lower-case hex. */
  sha256: string | null
  triggerWords: string[]
  tags: string[]
  /** The Hub's word (`text-to-image`). */
  task: string | null
  /** `diffusers`. */
  library: string | null
  /** Plain text. */
  description: string | null
  creator: string | null
  downloadCount: number | null
  likeCount: number | null
  /** 0 to 5. */
  rating: number | null
  recommendedWeight: number | null
  isNsfw: boolean
  availability: Availability
  availableAt: Date | null
  /** Where our own copy lies; null for what is not synced. */
  gcsUri: string | null
  /** Its page at the source; null for local ones. */
  remoteUrl: string | null
  createdAt: Date | null
  updatedAt: Date | null
  /** Null for what is a hub's alone, or is registered by others. */
  registered: Registered | null
}

/** A record's rest where nothing more is known of a model. */
export function nothingMore(): Omit<RegistryModel, 'id' | 'source' | 'sourceId' | 'name' | 'type'> {
  return {
    sourceType: null,
    baseModel: null,
    sourceBaseModel: null,
    version: null,
    sourceVersionId: null,
    format: null,
    sizeBytes: null,
    sha256: null,
    triggerWords: [],
    tags: [],
    task: null,
    library: null,
    description: null,
    creator: null,
    downloadCount: null,
    likeCount: null,
    rating: null,
    recommendedWeight: null,
    isNsfw: false,
    availability: 'open',
    availableAt: null,
    gcsUri: null,
    remoteUrl: null,
    createdAt: null,
    updatedAt: null,
    registered: null,
  }
}

/** What two answers about one model have in common. The Hub's names are the same in any case. */
export function modelKey({ source, sourceId }: Pick<RegistryModel, 'source' | 'sourceId'>): string {
  return `${source}:${sourceId.toLowerCase()}`
}
