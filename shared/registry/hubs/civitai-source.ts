import { type CivitaiSort, searchCivitai } from '../../civitai/search.ts'
import type { ApiClientOptions } from '../../http/api-client-options.ts'
import { civitaiBaseModels } from '../model/base-models.ts'
import { civitaiTypesOf } from '../model/model-types.ts'
import type { SearchSort } from '../search/search-query.ts'
import type { SearchSource } from '../search/search-source.ts'
import { fromCivitai } from './from-civitai.ts'

const SORTS: Readonly<Record<SearchSort, CivitaiSort>> = {
  popularity: 'Most Liked',
  downloads: 'Most Downloaded',
  rating: 'Highest Rated',
  newest: 'Newest',
}

/** CivitAI has neither tasks nor libraries; what it has makes pictures. */
const ITS_TASK = 'text-to-image'

/** CivitAI's list as a source. */
export function civitaiSource(options: ApiClientOptions): SearchSource {
  const { now = Date.now } = options
  return {
    name: 'civitai',
    canAnswer({ types, bases, task, library }) {
      const hasWords = (asked: readonly unknown[], words: readonly string[]): boolean =>
        asked.length === 0 || words.length > 0
      return (
        library === null &&
        (task === null || task === ITS_TASK) &&
        hasWords(types, civitaiTypesOf(types)) &&
        hasWords(bases, civitaiBaseModels(bases))
      )
    },
    async page({ query, cursor, limit, signal }) {
      const page = await searchCivitai(options, {
        text: query.text,
        types: civitaiTypesOf(query.types),
        baseModels: civitaiBaseModels(query.bases),
        tag: query.tag,
        sort: SORTS[query.sort],
        nsfw: query.nsfw,
        limit,
        cursor,
        signal,
      })
      const nowMs = now()
      return {
        models: page.models.flatMap((model) => fromCivitai(versionAsked(model, query.bases), { nowMs }) ?? []),
        nextCursor: page.nextCursor,
        // With a text its order is by relevance, whatever the sort says (contract §2).
        followsSort: query.text === null,
      }
    },
  }
}

/** A model is listed for any version of the base asked for; the record is then to be of such a version. */
function versionAsked<T extends { versions: { baseModel: string | null }[] }>(
  model: T,
  bases: Parameters<typeof civitaiBaseModels>[0],
): T {
  if (bases.length === 0) return model
  const strings = new Set(civitaiBaseModels(bases))
  const versions = model.versions.filter(({ baseModel }) => baseModel !== null && strings.has(baseModel))
  return versions.length === 0 ? model : { ...model, versions }
}
