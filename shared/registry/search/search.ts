import { TransientError } from '../../errors/app-error.ts'
import type { ModelSource, RegistryModel } from '../model/registry-model.ts'
import { type Answered, askSource, type SearchNote } from './ask-source.ts'
import { createDeadline } from './deadline.ts'
import { mergeAnswers } from './merge-answers.ts'
import type { PageCache } from './page-cache.ts'
import { matches, type RegistryQuery } from './search-query.ts'
import type { SearchSource, SourcePage } from './search-source.ts'
import { queryKey, readToken, type SearchPosition, type SourcePosition, shownKeys, writeToken } from './search-token.ts'

export interface SearchPage {
  models: RegistryModel[]
  /** For the next page; null where no source has more. A page may be short, or empty, before that. */
  nextCursor: string | null
  /** Which sources are missing or cut short, and why. */
  notes: SearchNote[]
}

export interface RegistrySearch {
  /**
   * One page over all sources at once. Partial where a source fails or is slower than the deadline: then it is asked again from
   * the same cursor by the next page. Throws `search.bad-cursor`, `search.other-search`, or the signal's reason.
   */
  search(params: {
    query: RegistryQuery
    /** 1 to 100. */
    limit: number
    /** Of the page before. */
    cursor?: string | null
    /** What this caller alone may see, before all others: nothing of it is kept. */
    own?: readonly SearchSource[]
    signal?: AbortSignal
  }): Promise<SearchPage>
}

export interface RegistrySearchOptions {
  /** Where two have the same rank, the first comes first. */
  sources: readonly SearchSource[]
  cache: PageCache
  /** For all sources together. */
  deadlineMs?: number
  now?: () => number
}

/** People wait for it. The hubs answer in a few hundred milliseconds. */
const DEFAULT_DEADLINE_MS = 3_000

/** Makes a search over sources. What it keeps between calls is the cache, and which source said when to ask again. */
export function createRegistrySearch(options: RegistrySearchOptions): RegistrySearch {
  const { sources, cache, deadlineMs = DEFAULT_DEADLINE_MS, now = Date.now } = options
  const holds = new Map<ModelSource, TransientError & { retryAt: Date }>()

  async function readPage(
    source: SearchSource,
    request: { query: RegistryQuery; cursor: string | null; limit: number; signal: AbortSignal },
  ): Promise<SourcePage> {
    const { query, cursor, limit, signal } = request
    const key = JSON.stringify([source.name, queryKey(query), cursor, limit])
    const known = cache.get(key)
    if (known !== null) return known
    // Asking before the moment that it named would only earn the same answer.
    const hold = holds.get(source.name)
    if (hold !== undefined && hold.retryAt.getTime() > now()) throw hold
    try {
      const page = await beforeAbort(signal, () => source.page(request))
      cache.set(key, page)
      return page
    } catch (error) {
      if (isHold(error)) holds.set(source.name, error)
      throw error
    }
  }

  return {
    async search({ query, limit, cursor = null, own = [], signal }) {
      signal?.throwIfAborted()
      const asked = [...own, ...sources]
      const position = cursor === null ? firstPosition(asked, query) : readToken(cursor, query)
      const live = asked.filter(({ name }) => (position.sources[name] ?? 'done') !== 'done')
      const shown = new Set(position.shown)
      const isFresh = (model: RegistryModel): boolean =>
        matches(query, model) && !shownKeys(model).some((key) => shown.has(key))
      const byDate = query.sort === 'newest'
      // By date any source may have all of the page; by rank each has its share.
      const want = byDate ? limit : Math.ceil(limit / Math.max(1, live.length))

      const deadline = createDeadline(deadlineMs, signal)
      let answers: Answered[]
      try {
        answers = await Promise.all(
          live.map(async (source) => {
            const from: SourcePosition = position.sources[source.name] ?? 'done'
            const read = async (at: string | null): Promise<SourcePage> => {
              const request = { query, cursor: at, limit, signal: deadline.signal }
              if (own.includes(source)) return await beforeAbort(deadline.signal, () => source.page(request))
              return await readPage(source, request)
            }
            return await askSource({ name: source.name, from, want, isFresh, readPage: read })
          }),
        )
      } finally {
        deadline.end()
      }
      signal?.throwIfAborted()
      const merged = mergeAnswers(answers, { limit, byDate })
      const next: SearchPosition = {
        sources: { ...position.sources, ...merged.positions },
        shown: [...position.shown, ...merged.shown],
      }
      const isEnd = Object.values(next.sources).every((one) => one === 'done')
      return {
        models: merged.models,
        nextCursor: isEnd ? null : writeToken(next, query),
        notes: answers.flatMap(({ note }) => note ?? []),
      }
    },
  }
}

function firstPosition(sources: readonly SearchSource[], query: RegistryQuery): SearchPosition {
  const asked = sources.filter(
    (source) => (query.sources.length === 0 || query.sources.includes(source.name)) && source.canAnswer(query),
  )
  return { sources: Object.fromEntries(asked.map(({ name }) => [name, { at: null }])), shown: [] }
}

function isHold(error: unknown): error is TransientError & { retryAt: Date } {
  return error instanceof TransientError && error.retryAt !== null
}

/** The work's result, or the signal's reason as soon as it aborts: also where the work does not listen to it. */
async function beforeAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}
