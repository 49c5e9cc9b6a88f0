import type { Firestore } from '@google-cloud/firestore'
import { reading } from '../../documents/reading.ts'
import {
  type RegisteredOrder,
  type RegisteredPage,
  registeredPage,
  type Viewer,
} from '../../documents/registered-model-queries.ts'
import { FinalError } from '../../errors/app-error.ts'
import type { RegistryModel } from '../model/registry-model.ts'
import type { RegistryQuery, SearchSort } from './search-query.ts'
import type { SearchSource } from './search-source.ts'
import { tagWord, wordsOf } from './search-words.ts'

const ORDERS: Readonly<Record<SearchSort, RegisteredOrder>> = {
  popularity: 'popularity',
  downloads: 'downloads',
  rating: 'rating',
  newest: 'published',
}

/** The index of registered models as a source: what `viewer` sees of it. Words are found whole, in any order. */
export function localSource(db: Firestore, viewer: Viewer): SearchSource {
  return {
    name: 'local',
    canAnswer: ({ text }) => text === null || wordsOf(text).length > 0,
    async page({ query, cursor, limit }) {
      const words = query.text === null ? [] : wordsOf(query.text)
      const page = await readPage(db, {
        filter: { viewer, types: query.types, bases: query.bases, sources: [], word: wordToFind(query, words) },
        order: ORDERS[query.sort],
        limit,
        cursor,
        accepts: ({ model }) => isFound(query, words, model),
      })
      return { models: page.models.map(({ model }) => model), nextCursor: page.next, followsSort: true }
    },
  }
}

async function readPage(db: Firestore, page: Parameters<typeof registeredPage>[1]): Promise<RegisteredPage> {
  const found = await reading(registeredPage(db, page))
  if (found !== null) return found
  throw new FinalError({ code: 'search.bad-cursor', message: 'The registry does not know this place in its list.' })
}

/** A query can ask for one word. The longest is the rarest, as a rule; a tag is rarer still. */
function wordToFind({ tag }: RegistryQuery, words: readonly string[]): string | null {
  if (tag !== null) return tagWord(tag)
  return words.toSorted((a, b) => b.length - a.length)[0] ?? null
}

function isFound(query: RegistryQuery, words: readonly string[], model: RegistryModel): boolean {
  const { task, library, nsfw } = query
  const own = new Set(words.length > 1 || query.tag !== null ? wordsOf(textOf(model)) : words)
  return (
    (nsfw || !model.isNsfw) &&
    (task === null || model.task === task) &&
    (library === null || model.library === library) &&
    words.every((word) => own.has(word))
  )
}

function textOf({ name, sourceId, creator, triggerWords, tags }: RegistryModel): string {
  return [name, sourceId, creator ?? '', ...triggerWords, ...tags].join(' ')
}
