import { modelKey, type RegistryModel } from '#shared/registry/model/registry-model.ts'
import { compatibleLoras } from '#shared/registry/search/compatible-loras.ts'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import type { SearchPage } from '#shared/registry/search/search.ts'
import { EVERYTHING } from '#shared/registry/search/search-query.ts'
import type { SearchSource } from '#shared/registry/search/search-source.ts'
import { fakeSource, sample } from '../../../unit/shared/registry/samples.ts'
import { openSearchWorld, type SearchWorld } from './world.ts'

let world: SearchWorld
beforeEach(async () => {
  world = await openSearchWorld()
})
afterEach(() => world.close())

test.each<[how: string, cache: { maxModels?: number }]>([
  ['with what is cached', {}],
  ['with nothing cached', { maxModels: 0 }],
])(
  'pages through 500 models of three sources, %s, while one fails at every third call: none twice, none lost',
  async (_, cache) => {
    const listed = world.addCivitai(240)
    world.addRepos(240)
    // Of forty of our own, ten are CivitAI's by id, ten by their bytes.
    const own = Array.from({ length: 40 }, (_, index): RegistryModel => {
      const { id, sha256 } = listed[index * 5]!
      if (index < 10) return sample({ sourceId: id, gcsUri: `gs://models/${id}` })
      return sample({ source: 'local', sourceId: `own${index}`, ...(index < 20 ? { sha256 } : {}) })
    })
    const asked: { cursor: string | null; hasFailed: boolean }[] = []
    const flaky: SearchSource = {
      ...world.sources.civitai,
      async page(request) {
        const hasFailed = asked.length % 3 === 2
        asked.push({ cursor: request.cursor, hasFailed })
        if (hasFailed) {
          world.civitai.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'models' })
        }
        return await world.sources.civitai.page(request)
      },
    }
    const search = world.searchWith({
      sources: [fakeSource('local', own), flaky, world.sources.hub],
      cache: createPageCache(cache),
      // What is slow on a busy machine is no failure here.
      deadlineMs: 30_000,
    })
    const pages: SearchPage[] = []
    for (let cursor: string | null = null; pages.length < 200; ) {
      const page: SearchPage = await search.search({ query: EVERYTHING, limit: 20, cursor })
      pages.push(page)
      cursor = page.nextCursor
      if (cursor === null) break
    }
    const shown = pages.flatMap(({ models }) => models)
    expect(shown).toHaveLength(500)
    expect(new Set(shown.map(modelKey)).size).toBe(500)
    const hashes = shown.flatMap(({ sha256 }) => sha256 ?? [])
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(pages.at(-1)!.nextCursor).toBeNull()
    // What failed was asked again, from the same cursor, and every failure was told.
    const failures = asked.flatMap(({ hasFailed, cursor }, index) =>
      hasFailed ? [{ cursor, next: asked[index + 1] }] : [],
    )
    expect(failures.length).toBeGreaterThan(3)
    const notes = pages.flatMap((page) => page.notes)
    expect(notes).toHaveLength(failures.length)
    expect(new Set(notes.map(({ code }) => code))).toEqual(new Set(['civitai.unavailable']))
    for (const { cursor, next } of failures) {
      // Without a cache the page before may have to be read once more to get there.
      if (cache.maxModels === undefined) expect(next).toEqual({ cursor, hasFailed: false })
      else expect(asked.filter((one) => one.cursor === cursor && !one.hasFailed).length).toBeGreaterThan(0)
    }
  },
)

test('finds the LoRAs of a base model in both hubs', async () => {
  world.addCivitai(2)
  world.addRepos(2)
  world.civitai.addModel({ name: 'for another base', versions: [{ baseModel: 'Flux.1 D' }] })
  world.hub.addRepo({ id: 'ada/other', pipelineTag: 'text-to-image', tags: ['lora'], files: [] })
  const query = compatibleLoras(sample({ sourceId: '1', baseModel: 'sdxl' }))!
  const { models, notes } = await world.searchWith().search({ query, limit: 20 })
  expect(models.map(({ name }) => name)).toEqual(['Model 0', 'model-0', 'Model 1', 'model-1'])
  expect(models.every(({ baseModel, type }) => baseModel === 'sdxl' && type === 'lora')).toBe(true)
  expect(notes).toEqual([])
})

test('the record of a model with several versions is of one for the base that was asked for', async () => {
  world.civitai.addModel({ id: 5, versions: [{ baseModel: 'Flux.1 D' }, { id: 7, baseModel: 'Pony' }] })
  const query = { ...EVERYTHING, bases: ['pony' as const] }
  const { models } = await world.searchWith().search({ query, limit: 20 })
  expect(models).toMatchObject([{ id: 'civitai:5@7', baseModel: 'pony' }])
})

test('base models of a family are asked for by their pipeline', async () => {
  world.hub.addRepo({ id: 'ada/mix', tags: ['diffusers:StableDiffusionXLPipeline'], files: [] })
  const query = { ...EVERYTHING, types: ['base_model' as const], bases: ['sdxl' as const] }
  const { models } = await world.searchWith().search({ query, limit: 20 })
  expect(models).toMatchObject([{ id: 'hf:ada/mix', type: 'base_model', baseModel: 'sdxl' }])
})

test.each([
  ['popularity', 'sort=Most+Liked', 'sort=likes'],
  ['downloads', 'sort=Most+Downloaded', 'sort=downloads'],
  ['rating', 'sort=Highest+Rated', 'sort=likes'],
  ['newest', 'sort=Newest', 'sort=createdAt'],
] as const)(
  'asks both hubs for %s in their words, for pictures where nothing else is said',
  async (sort, civitai, hub) => {
    await world.searchWith().search({ query: { ...EVERYTHING, sort }, limit: 5 })
    expect(world.civitai.requests.map(({ query }) => query)).toEqual([`limit=5&${civitai}`])
    expect(world.hub.requests.map(({ query }) => query)).toEqual([
      `${hub}&limit=5&direction=-1&full=true&cardData=true&pipeline_tag=text-to-image`,
    ])
  },
)

test('a library is the Hub’s matter alone, and so is a task that makes no pictures', async () => {
  const search = world.searchWith()
  await search.search({ query: { ...EVERYTHING, library: 'diffusers' }, limit: 5 })
  await search.search({ query: { ...EVERYTHING, task: 'text-to-video', tag: 'x' }, limit: 5 })
  expect(world.civitai.requests).toEqual([])
  const asked = world.hub.requests.map(({ query }) => new URLSearchParams(query))
  expect(asked.map((query) => [query.get('pipeline_tag'), query.getAll('filter')])).toEqual([
    [null, ['diffusers']],
    ['text-to-video', ['x']],
  ])
})

test('a rate limit of one hub leaves the other’s results, with the time', async () => {
  world.addCivitai(2)
  world.hub.inject({ fault: { kind: 'status', status: 429, headers: { ratelimit: '"api";r=0;t=55' } }, times: 1 })
  const { models, notes } = await world.searchWith().search({ query: EVERYTHING, limit: 5 })
  expect(models).toHaveLength(2)
  expect(notes).toMatchObject([{ source: 'huggingface', code: 'huggingface.rate-limited', isAskedAgain: true }])
  expect(notes[0]!.retryAt!.getTime()).toBeGreaterThan(Date.now() + 50_000)
})
