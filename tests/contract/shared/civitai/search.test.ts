import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { type CivitaiSearch, findCivitaiVersion, searchCivitai, showCivitaiModel } from '#shared/civitai/search.ts'
import type { ApiClientOptions } from '#shared/http/api-client-options.ts'
import { type CivitaiWorld, failure, NOW, openCivitaiWorld } from './world.ts'

let world: CivitaiWorld
beforeEach(async () => {
  world = await openCivitaiWorld()
})
afterEach(() => world.close())

const options = (): ApiClientOptions => ({
  http: world.http,
  baseUrl: world.standIn.url,
  token: () => LOCAL_CIVITAI_TOKEN,
  now: () => NOW,
  random: () => 0.5,
})
const ALL: CivitaiSearch = {
  text: null,
  types: [],
  baseModels: [],
  tag: null,
  sort: 'Newest',
  nsfw: false,
  limit: 2,
  cursor: null,
}
const search = async (more: Partial<CivitaiSearch> = {}) => await searchCivitai(options(), { ...ALL, ...more })

test('follows the cursor to the end of the list', async () => {
  for (const number of [1, 2, 3, 4, 5])
    world.standIn.addModel({ id: number, versions: [{ publishedAt: new Date(number) }] })
  const seen: string[][] = []
  for (let cursor: string | null = null; ; ) {
    const page = await search({ cursor })
    seen.push(page.models.map(({ id }) => id))
    cursor = page.nextCursor
    if (cursor === null) break
  }
  expect(seen).toEqual([['5', '4'], ['3', '2'], ['1']])
})

test('asks in the words that the service reads', async () => {
  await search({
    types: ['LORA', 'LoCon'],
    baseModels: ['SDXL 1.0', 'Pony'],
    tag: 'anime',
    nsfw: true,
    sort: 'Most Liked',
  })
  await search({ text: 'a cat', sort: 'Most Liked' })
  expect(world.standIn.requests.map(({ status }) => status)).toEqual([200, 200])
  const [first, second] = world.standIn.requests.map(({ query }) => query)
  expect(first).toBe(
    'limit=2&sort=Most+Liked&types=LORA&types=LoCon&baseModels=SDXL+1.0&baseModels=Pony&tag=anime&nsfw=true',
  )
  // With a text the sort has no effect; what is false is left out.
  expect(second).toBe('limit=2&query=a+cat')
})

test('reads a listed model with what people choose by, odd fields and odd entries included', async () => {
  world.standIn.addModel({ id: 7, name: 'A', tags: ['x'], description: '<p>d</p>', stats: { downloadCount: 5 } })
  expect((await search()).models).toMatchObject([
    { id: '7', tags: ['x'], descriptionHtml: '<p>d</p>', creator: 'local-creator', stats: { downloadCount: 5 } },
  ])
  world.standIn.inject({ fault: { kind: 'odd-fields' }, times: 1 })
  expect((await search()).models).toMatchObject([{ id: '7', versions: [{ baseModel: 'A Base Model of Next Year' }] }])
})

test('a page may be empty while the list goes on', async () => {
  for (const id of [1, 2, 3]) world.standIn.addModel({ id })
  world.standIn.inject({ fault: { kind: 'empty-page' }, times: 1 })
  const page = await search()
  expect(page.models).toEqual([])
  expect(page.nextCursor).not.toBeNull()
  expect((await search({ cursor: page.nextCursor })).models).toHaveLength(1)
})

test('a 429 for too many pages is final, one for too many requests says when', async () => {
  const body = { error: "You've requested too many pages, please use cursors instead" }
  world.standIn.inject({ fault: { kind: 'status', status: 429, body }, times: 1 })
  expect(await failure(search())).toMatchObject({ code: 'civitai.too-many-pages', retryable: false })
  world.standIn.inject({ fault: { kind: 'status', status: 429, html: true }, times: 1 })
  expect(await failure(search())).toMatchObject({
    code: 'civitai.rate-limited',
    retryable: true,
    retryAt: new Date(NOW + 45_000),
  })
})

test.each<[what: string, fault: Parameters<CivitaiWorld['standIn']['inject']>[0]['fault'], code: string]>([
  ['an overloaded search', { kind: 'status', status: 503, headers: { 'retry-after': '2' } }, 'civitai.unavailable'],
  ['a page of HTML', { kind: 'html' }, 'civitai.bad-answer'],
  ['another object', { kind: 'json' }, 'civitai.bad-answer'],
  ['a cut answer', { kind: 'cut-body' }, 'civitai.unreachable'],
])('%s is a passing failure', async (_, fault, code) => {
  world.standIn.inject({ fault, times: 1 })
  expect(await failure(search())).toMatchObject({ code, retryable: true })
})

test('shows a model, and finds a version by the SHA-256 of its file', async () => {
  const { id, versions } = world.standIn.addModel({ name: 'A', tags: ['x'] })
  const { sha256 } = versions[0]!.files[0]!.hosted!
  expect(await showCivitaiModel(options(), String(id))).toMatchObject({ name: 'A', tags: ['x'] })
  expect(await findCivitaiVersion(options(), sha256.toUpperCase())).toMatchObject({ id: String(versions[0]!.id) })
  expect(await failure(findCivitaiVersion(options(), 'a'.repeat(64)))).toMatchObject({ code: 'civitai.not-found' })
  expect(await failure(findCivitaiVersion(options(), '../me'))).toMatchObject({ code: 'civitai.bad-hash' })
})
