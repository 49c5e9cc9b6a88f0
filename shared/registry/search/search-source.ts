import type { ModelSource, RegistryModel } from '../model/registry-model.ts'
import type { RegistryQuery } from './search-query.ts'

/** One page of what a source has. */
export interface SourcePage {
  /** In its own order, best first. */
  models: RegistryModel[]
  /** What its next page is asked with; null at the end. One that `fitsToken` refuses ends the source. */
  nextCursor: string | null
  /** Whether that order is the one that was asked for, and not the source's idea of relevance. */
  followsSort: boolean
}

/** Something that can be searched: a hub, the index of registered models. */
export interface SearchSource {
  name: ModelSource
  /** False where nothing of the source can fit: then it is not asked. */
  canAnswer(query: RegistryQuery): boolean
  /** One page. Throws AppErrors; a passing one is asked again, with the same cursor, by the next page of the search. */
  page(request: {
    query: RegistryQuery
    cursor: string | null
    limit: number
    signal: AbortSignal
  }): Promise<SourcePage>
}
