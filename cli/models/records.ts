import * as z from 'zod'

/** What forge reads of the registry's answers; more fields may be there, and go into its JSON as they are. */

const text = z.string().nullish()
const number = z.number().nullish()

const registryModel = z.looseObject({
  /** `civitai:123@456`; what is registered has a `model_id` besides. */
  id: z.string(),
  source: z.string(),
  name: z.string(),
  type: z.string(),
  source_type: text,
  base_model: text,
  source_base_model: text,
  version: text,
  format: text,
  size_bytes: number,
  sha256: text,
  trigger_words: z.array(z.string()).default([]),
  tags: z.array(z.string()).default([]),
  task: text,
  library: text,
  description: text,
  creator: text,
  download_count: number,
  like_count: number,
  rating: number,
  recommended_weight: number,
  availability: text,
  available_at: text,
  gcs_uri: text,
  remote_url: text,
  updated_at: text,
  model_id: text,
  sync_status: text,
  sync_error: z.object({ code: z.string(), message: z.string() }).nullish(),
  /** While it is copied; an older API does not tell. */
  sync_progress: z.looseObject({ bytes_done: z.number(), bytes_total: z.number().nullable() }).nullish(),
})
export type ModelRecord = z.output<typeof registryModel>

/** Why a source is missing, or gave less than it has. */
const sourceNote = z.looseObject({ source: z.string(), code: z.string(), message: z.string() })
export type NoteRecord = z.output<typeof sourceNote>

export const modelAnswer = z.object({ model: registryModel })

export const modelPage = z.object({
  models: z.array(registryModel),
  next_cursor: z.string().nullable(),
  notes: z.array(sourceNote).default([]),
})
export type ModelPageRecord = z.output<typeof modelPage>

const version = z.looseObject({ version: text, source_version_id: text, remote_url: text, published_at: text })

const update = z.looseObject({ model_id: z.string(), name: z.string(), current: version, newest: version })
export type UpdateRecord = z.output<typeof update>

export const updatePage = z.object({
  updates: z.array(update),
  next_cursor: z.string().nullable(),
  notes: z.array(sourceNote).default([]),
})
