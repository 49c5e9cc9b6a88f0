import { readIndexFile } from '#local/documents/indexes/declared.ts'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { type RegisteredOrder, registeredPage } from '#shared/documents/registered-model-queries.ts'
import { BASE_MODELS } from '#shared/registry/model/base-models.ts'
import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import { localSource } from '#shared/registry/search/local-source.ts'
import {
  EVERYTHING,
  matches,
  type RegistryQuery,
  SEARCH_SORTS,
  type SearchSort,
} from '#shared/registry/search/search-query.ts'
import { tagWord, wordsOf } from '#shared/registry/search/search-words.ts'
import { connectFirestore } from '../../../support/documents.ts'
import { type PutModel, putModels, variedModels } from '../../../support/registered-models.ts'

const UID = 'ann'
const models = variedModels(100, UID)

let server: DocumentServer
let db: ReturnType<typeof connectFirestore>
beforeAll(async () => {
  // As production: what has no index in infra/ is refused.
  const indexes = { declared: readIndexFile('infra/firestore.indexes.json'), onMissing: 'refuse' as const }
  server = await startDocumentServer({ port: 0, dataDir: null, indexes })
  db = connectFirestore(server.host)
  await putModels(db, models)
})
afterAll(async () => {
  await db.terminate()
  await server.close()
})

const signal = new AbortController().signal
const seenBy = (viewer: { uid: string } | null) => (put: PutModel) =>
  viewer === null || put.userId === null || put.userId === viewer.uid

const VALUES: Record<SearchSort, (model: RegistryModel) => number> = {
  popularity: ({ likeCount }) => likeCount ?? 0,
  downloads: ({ downloadCount }) => downloadCount ?? -1,
  rating: ({ rating }) => rating ?? -1,
  newest: ({ createdAt }) => createdAt?.getTime() ?? -1,
}

/** All pages of the source, ids in order. */
async function search(query: RegistryQuery, viewer: { uid: string } | null, limit: number): Promise<string[]> {
  const source = localSource(db, viewer)
  const ids: string[] = []
  for (let cursor: string | null = null, pages = 0; pages < 200; pages++) {
    const page = await source.page({ query, cursor, limit, signal })
    expect(page.models.length).toBeLessThanOrEqual(limit)
    ids.push(...page.models.map(({ registered }) => registered?.modelId ?? ''))
    cursor = page.nextCursor
    if (cursor === null) return ids
  }
  throw new Error('The list never ends.')
}

/** The same by looking at every model. */
function expected(query: RegistryQuery, viewer: { uid: string } | null): string[] {
  const rank = VALUES[query.sort]
  return models
    .filter(seenBy(viewer))
    .filter(({ model }) => matches(query, model))
    .filter(({ model }) => query.tag === null || model.tags.map(tagWord).includes(tagWord(query.tag)))
    .filter(({ model }) => {
      const own = wordsOf(`${model.name} ${model.sourceId} ${model.creator} ${model.tags.join(' ')}`)
      return query.text === null || wordsOf(query.text).every((word) => own.includes(word))
    })
    .toSorted((a, b) => rank(b.model) - rank(a.model) || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id)
}

const FILTERS: [string, Partial<RegistryQuery>][] = [
  ['everything', {}],
  ['everything, also what is not for everybody', { nsfw: true }],
  ['a type', { types: ['lora'] }],
  ['types and bases', { types: ['lora', 'vae', 'llm'], bases: ['sdxl', 'pony'] }],
  [
    'more bases than a query takes',
    { types: ['lora', 'vae', 'llm', 'unet'], bases: ['sdxl', 'pony', 'sd15', 'sd3', 'sd2', 'flux'] },
  ],
  ['a word', { text: 'anime' }],
  ['words in any order, of name, creator and tags', { text: 'STYLE  ann, anime!' }],
  ['a number in the name', { text: 'nr7' }],
  ['a tag', { tag: 'Neon Style' }],
  ['a tag, a word and bases', { tag: 'neon style', text: 'ben', nsfw: true, bases: [...BASE_MODELS] }],
  ['a word of a type and a base', { text: 'anime', types: ['lora'], bases: ['sdxl'], nsfw: true }],
]

test.each(FILTERS)('%s: by every sort, for users and operators, page after page', async (_, filter) => {
  const found: number[] = []
  for (const sort of SEARCH_SORTS) {
    for (const viewer of [{ uid: UID }, null]) {
      const query = { ...EVERYTHING, ...filter, sort }
      const ids = await search(query, viewer, sort === 'newest' ? 7 : 100)
      expect(ids).toEqual(expected(query, viewer))
      found.push(ids.length)
    }
  }
  // A filter that finds nothing would show nothing.
  expect(Math.max(...found)).toBeGreaterThan(0)
})

test('what has another task or library is not found, and nothing by signs alone', async () => {
  const source = localSource(db, null)
  expect(await search({ ...EVERYTHING, task: 'text-to-video' }, null, 50)).toEqual([])
  expect(await search({ ...EVERYTHING, library: 'diffusers' }, null, 50)).toEqual([])
  expect(source.canAnswer({ ...EVERYTHING, text: '!!!' })).toBe(false)
})

test.each<[string, { types?: string[]; bases?: string[]; sources?: string[] }]>([
  ['all', {}],
  ['of a source', { sources: ['local'] }],
  [
    'of a type, two bases and both sources',
    { types: ['lora'], bases: ['sdxl', 'flux'], sources: ['local', 'civitai'] },
  ],
])('the list by registration: %s', async (_, facets) => {
  const order: RegisteredOrder = 'registered'
  for (const viewer of [{ uid: UID }, null]) {
    const filter = { types: [], bases: [], sources: [], word: null, viewer, ...facets }
    const ids: string[] = []
    for (let cursor: string | null = null; ; ) {
      const page = await registeredPage(db, { filter, order, limit: 11, cursor })
      ids.push(...(page?.models.map(({ document }) => document.id) ?? []))
      cursor = page?.next ?? null
      if (cursor === null) break
    }
    const isAmong = (values: string[] | undefined, value: string | null) =>
      values === undefined || values.includes(value ?? '')
    const all = models
      .filter(seenBy(viewer))
      .filter(
        ({ model }) =>
          isAmong(facets.types, model.type) &&
          isAmong(facets.bases, model.baseModel) &&
          isAmong(facets.sources, model.source),
      )
    expect(ids).toEqual(all.map(({ id }) => id).toReversed())
    expect(ids.length).toBeGreaterThan(0)
  }
})

test('a date that is a text, as only an app writes it, ends no list', async () => {
  const texts = Array.from({ length: 5 }, (_, index) => `2026-0${index + 1}-01`)
  const ids = texts.map((_, index) => `text${index}`)
  for (const [index, createdAt] of texts.entries()) {
    await db.doc(`ai_models/${ids[index]}`).set({ ...(await db.doc('ai_models/m1').get()).data(), createdAt })
  }
  const filter = { types: [], bases: [], sources: [], word: null, viewer: null }
  const found: string[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await registeredPage(db, { filter, order: 'registered', limit: 2, cursor })
    found.push(...(page?.models.map(({ document }) => document.id) ?? []))
    cursor = page?.next ?? null
    if (cursor === null) break
  }
  for (const id of ids) await db.doc(`ai_models/${id}`).delete()
  // Text sorts above dates.
  expect(found).toEqual([...ids.toReversed(), ...models.map(({ id }) => id).toReversed()])
})

test.each([
  '',
  'x',
  Buffer.from('[1]').toString('base64url'),
  Buffer.from('[[1],"b"]').toString('base64url'),
  Buffer.from('[1,"a/b"]').toString('base64url'),
])('%j is no place in a list', async (cursor) => {
  const filter = { types: [], bases: [], sources: [], word: null, viewer: null }
  expect(await registeredPage(db, { filter, order: 'registered', limit: 1, cursor })).toBeNull()
  await expect(localSource(db, null).page({ query: EVERYTHING, cursor, limit: 1, signal })).rejects.toMatchObject({
    code: 'search.bad-cursor',
  })
})
