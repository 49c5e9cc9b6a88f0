import type { BaseModel } from '../model/base-models.ts'
import type { ModelType } from '../model/model-types.ts'
import type { ModelSource, RegistryModel } from '../model/registry-model.ts'

export const SEARCH_SORTS = ['popularity', 'downloads', 'rating', 'newest'] as const

export type SearchSort = (typeof SEARCH_SORTS)[number]

/** What is looked for. Empty lists and null ask for everything. */
export interface RegistryQuery {
  text: string | null
  sources: readonly ModelSource[]
  types: readonly ModelType[]
  bases: readonly BaseModel[]
  tag: string | null
  /** The Hub's word: `text-to-image`. */
  task: string | null
  /** `diffusers`. */
  library: string | null
  sort: SearchSort
  /** Whether what is not for everybody is shown too. */
  nsfw: boolean
}

export const EVERYTHING: RegistryQuery = {
  text: null,
  sources: [],
  types: [],
  bases: [],
  tag: null,
  task: null,
  library: null,
  sort: 'popularity',
  nsfw: false,
}

/**
 * Whether a record is what was asked for. A source that knows a filter has used it already; this is for the filters that it
 * does not know, or knows in words that mean a little more. Tags and libraries are the sources' own: they decide.
 */
export function matches(query: RegistryQuery, model: RegistryModel): boolean {
  return (
    (query.types.length === 0 || query.types.includes(model.type)) &&
    (query.bases.length === 0 || (model.baseModel !== null && query.bases.includes(model.baseModel))) &&
    (query.nsfw || !model.isNsfw)
  )
}
