import type { ApiClientOptions } from '../../http/api-client-options.ts'
import { type HubSort, searchHub } from '../../huggingface/search.ts'
import { huggingFaceBaseTag, huggingFacePipelineTag } from '../model/base-models.ts'
import type { ModelType } from '../model/model-types.ts'
import type { RegistryQuery, SearchSort } from '../search/search-query.ts'
import type { SearchSource } from '../search/search-source.ts'
import { fromHuggingFace } from './from-hugging-face.ts'

/** The Hub has likes and no ratings. */
const SORTS: Readonly<Record<SearchSort, { sort: HubSort; isExact: boolean }>> = {
  popularity: { sort: 'likes', isExact: true },
  downloads: { sort: 'downloads', isExact: true },
  rating: { sort: 'likes', isExact: false },
  newest: { sort: 'createdAt', isExact: true },
}

/** The tag by which a type can be asked for; the others are sorted out of what comes. */
const TYPE_TAGS: Partial<Record<ModelType, string>> = {
  lora: 'lora',
  controlnet: 'controlnet',
  embedding: 'textual_inversion',
  vae: 'vae',
}

/** Types that say little of the Hub's millions of models: without a task they are looked for among those that make pictures. */
const PICTURE_TYPES: ReadonlySet<ModelType> = new Set(['base_model', 'lora', 'embedding'])
const PICTURES = 'text-to-image'

/** The Hub's list as a source. */
export function huggingFaceSource(options: ApiClientOptions): SearchSource {
  return {
    name: 'huggingface',
    // A base without a repo can't be asked for, and looking through everything for it would find next to nothing.
    canAnswer: (query) => query.bases.length === 0 || baseTagOf(query) !== undefined,
    async page({ query, cursor, limit, signal }) {
      const { sort, isExact } = SORTS[query.sort]
      const search = { text: query.text, tags: tagsOf(query), task: taskOf(query), sort, limit, cursor, signal }
      const page = await searchHub(options, search)
      return { models: page.models.map(fromHuggingFace), nextCursor: page.nextCursor, followsSort: isExact }
    },
  }
}

/**
 * The Hub finds what has all the tags: of several types none can be asked for, and of several bases only one, the first (those
 * of `compatibleLoras` come with the closest first).
 */
function tagsOf(query: RegistryQuery): string[] {
  const { types, library, tag } = query
  const [type] = types
  const typeTag = types.length === 1 && type !== undefined ? TYPE_TAGS[type] : undefined
  return [typeTag, baseTagOf(query), library, tag].filter((one) => one !== undefined && one !== null)
}

/** Base models are pipelines of a class; everything else names what it was made for. */
function baseTagOf({ types, bases }: RegistryQuery): string | undefined {
  const isForBases = types.length === 1 && types[0] === 'base_model'
  const tags = bases.map(isForBases ? huggingFacePipelineTag : huggingFaceBaseTag)
  return tags.find((one) => one !== null) ?? undefined
}

function taskOf({ task, types, bases, library }: RegistryQuery): string | null {
  if (task !== null) return task
  const isNarrow = library !== null || bases.length > 0
  return !isNarrow && types.every((type) => PICTURE_TYPES.has(type)) ? PICTURES : null
}
