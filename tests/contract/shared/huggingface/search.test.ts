import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { ApiClientOptions } from '#shared/http/api-client-options.ts'
import { type HubSearch, searchHub, showHubModel } from '#shared/huggingface/search.ts'
import { failure, type HubWorld, startHubWorld, weights } from './harness.ts'

let world: HubWorld
beforeEach(async () => {
  world = await startHubWorld()
})
afterEach(() => world.close())

const options = (token = LOCAL_HUGGINGFACE_TOKEN): ApiClientOptions => ({
  http: world.http,
  baseUrl: world.hub.url,
  token: () => token,
  timeouts: { headersMs: 2_000, stallMs: 300, totalMs: 3_000 },
  random: () => 0,
})
const ALL: HubSearch = { text: null, tags: [], task: null, sort: 'downloads', limit: 2, cursor: null }
const search = async (more: Partial<HubSearch> = {}) => await searchHub(options(), { ...ALL, ...more })
const add = (id: string, metadata: Record<string, unknown> = {}) =>
  world.hub.addRepo({ id, files: [weights('a.safetensors')], metadata })

test('follows Link to the end of the list', async () => {
  for (const number of [1, 2, 3, 4, 5]) add(`ada/m${number}`, { downloads: number })
  const seen: string[][] = []
  for (let cursor: string | null = null; ; ) {
    const page = await search({ cursor })
    seen.push(page.models.map(({ repo }) => repo))
    cursor = page.nextCursor
    if (cursor === null) break
  }
  expect(seen).toEqual([['ada/m5', 'ada/m4'], ['ada/m3', 'ada/m2'], ['ada/m1']])
})

test('asks in the words that the Hub reads', async () => {
  await search({
    text: 'cat',
    tags: ['lora', 'diffusers'],
    task: 'text-to-image',
    sort: 'createdAt',
    cursor: 'eyJhdCI6MH0=',
  }).catch(() => null)
  expect(world.hub.requests[0]!.query).toBe(
    'sort=createdAt&limit=2&direction=-1&full=true&cardData=true&search=cat&pipeline_tag=text-to-image&filter=lora&filter=diffusers&cursor=eyJhdCI6MH0%3D',
  )
})

test('reads files, tags, card and gate; an odd repo costs none of the others', async () => {
  world.hub.addRepo({
    id: 'ada/lora',
    gated: 'manual',
    files: [weights('a.safetensors')],
    tags: ['lora'],
    baseModel: 'org/base',
    metadata: { downloads: 9 },
  })
  add('ada/odd', { id: 7 })
  add('ada/plain', { tags: null, gated: 'yes', downloads: 1 })
  const { models } = await search({ limit: 10 })
  expect(models.map(({ repo }) => repo)).toEqual(['ada/lora', 'ada/plain'])
  expect(models[0]).toMatchObject({ gated: 'manual', baseModel: 'org/base', downloads: 9 })
  expect(models[0]!.files).toEqual([{ path: 'a.safetensors', sizeBytes: null, sha256: null }])
})

test('does not follow the list to another host, nor in a circle', async () => {
  for (const number of [1, 2, 3, 4, 5]) add(`ada/m${number}`)
  world.hub.inject({ fault: { kind: 'foreign-next-page', origin: 'https://elsewhere.example' }, times: 1 })
  expect(await failure(search())).toMatchObject({ code: 'huggingface.bad-answer' })
  const { nextCursor } = await search()
  world.hub.inject({ fault: { kind: 'circular-pages' }, times: 1 })
  expect((await search({ cursor: nextCursor })).nextCursor).toBeNull()
})

test('a rate limit says when it ends', async () => {
  const askedAt = Date.now()
  world.hub.inject({ fault: { kind: 'status', status: 429, headers: { ratelimit: '"api";r=0;t=55' } }, times: 1 })
  const error = await failure(search())
  expect(error).toMatchObject({ code: 'huggingface.rate-limited', retryable: true })
  const { retryAt } = error as unknown as { retryAt: Date }
  expect(retryAt.getTime()).toBeGreaterThanOrEqual(askedAt + 55_000)
  expect(retryAt.getTime()).toBeLessThanOrEqual(Date.now() + 55_000)
})

test('a token that is none is told as such, a page of HTML as a fault of theirs', async () => {
  expect(await failure(searchHub(options('hf_wrong'), ALL))).toMatchObject({ code: 'huggingface.bad-token' })
  world.hub.inject({ fault: { kind: 'html' }, times: 1 })
  expect(await failure(search())).toMatchObject({ code: 'huggingface.unavailable', retryable: true })
  world.hub.inject({ fault: { kind: 'json' }, times: 1 })
  expect(await failure(search())).toMatchObject({ code: 'huggingface.bad-answer', retryable: true })
})

test('shows a repo with the sizes and hashes of its files', async () => {
  add('ada/one')
  const [file] = (await showHubModel(options(), 'ada/one')).files
  expect(file).toEqual({ path: 'a.safetensors', sizeBytes: 2000, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(await failure(showHubModel(options(), 'ada/none'))).toMatchObject({ code: 'huggingface.not-found' })
})
