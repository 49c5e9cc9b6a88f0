import { openStandIn, type StandInWorld } from './stand-in.ts'

let world: StandInWorld
beforeEach(async () => {
  world = await openStandIn()
})
afterEach(() => world.close())

const names = (body: object) => (body as { items: { name: string }[] }).items.map(({ name }) => name)
const day = (number: number) => new Date(Date.UTC(2025, 0, number))

test('lists models by the sort, page by page, with a cursor that ends', async () => {
  for (const number of [1, 2, 3]) {
    world.standIn.addModel({
      name: `M${number}`,
      versions: [{ publishedAt: day(number) }],
      stats: { downloadCount: 9 - number },
    })
  }
  const [status, first] = await world.answerOf('/api/v1/models?limit=2&sort=Newest')
  expect([status, names(first)]).toEqual([200, ['M3', 'M2']])
  const { nextCursor, nextPage } = first.metadata as { nextCursor: string; nextPage: string }
  expect(nextPage).toBe(
    `${world.standIn.url}/api/v1/models?limit=2&sort=Newest&cursor=${encodeURIComponent(nextCursor)}`,
  )
  const [, second] = await world.answerOf(nextPage.slice(world.standIn.url.length))
  expect(names(second)).toEqual(['M1'])
  expect(second.metadata).toEqual({})
  expect(names((await world.answerOf('/api/v1/models?sort=Most%20Downloaded'))[1])).toEqual(['M1', 'M2', 'M3'])
})

test('lists what the recorded page lists: dates without a zone, nulls kept, no status', async () => {
  world.standIn.addModel({ name: 'A', description: '<p>x</p>', creator: null, stats: { downloadCount: null } })
  const [, body] = await world.answerOf('/api/v1/models')
  const [item] = (body as unknown as { items: Record<string, unknown>[] }).items
  expect(item).toMatchObject({ creator: null, description: '<p>x</p>', stats: { downloadCount: null } })
  const [version] = item!.modelVersions as Record<string, unknown>[]
  expect(version).toMatchObject({
    publishedAt: '2025-02-08T00:00:00.000',
    files: [{ metadata: { size: null, fp: null } }],
  })
  expect(Object.keys(version!)).not.toEqual(expect.arrayContaining(['status']))
})

test('filters by repeated types and base models, a tag, and the level for everybody', async () => {
  world.standIn.addModel({ name: 'lora', tags: ['anime'], versions: [{ baseModel: 'Pony' }] })
  world.standIn.addModel({ name: 'locon', type: 'LoCon', versions: [{ baseModel: 'SDXL 1.0' }] })
  world.standIn.addModel({ name: 'checkpoint', type: 'Checkpoint' })
  world.standIn.addModel({ name: 'not for all', nsfwLevel: 28 })
  world.standIn.addModel({ name: 'without files', versions: [{ files: [] }] })
  const list = async (query: string) => names((await world.answerOf(`/api/v1/models?${query}`))[1]).toSorted()
  expect(await list('types=LORA&types=LoCon')).toEqual(['locon', 'lora'])
  expect(await list('baseModels=Pony&baseModels=Unheard')).toEqual(['lora'])
  expect(await list('tag=anime')).toEqual(['lora'])
  expect(await list('')).toEqual(['checkpoint', 'locon', 'lora'])
  expect(await list('nsfw=true')).toEqual(['checkpoint', 'locon', 'lora', 'not for all'])
})

test('with a text the page is cut before it is filtered: empty, while there is a cursor', async () => {
  for (const number of [1, 2]) world.standIn.addModel({ name: `cat ${number}`, type: 'Checkpoint' })
  world.standIn.addModel({ name: 'cat lora' })
  const [, first] = await world.answerOf('/api/v1/models?query=cat&types=LORA&limit=2')
  expect([names(first), first.metadata.nextCursor]).toEqual([[], '2'])
  expect(names((await world.answerOf('/api/v1/models?query=cat&types=LORA&limit=2&cursor=2'))[1])).toEqual(['cat lora'])
})

test.each<[query: string, status: number, error: unknown]>([
  ['types=LORA,Checkpoint', 400, { name: 'ZodError' }],
  ['sort=newest', 400, { name: 'ZodError' }],
  ['limit=101', 400, { name: 'ZodError' }],
  ['nsfw=1', 400, { name: 'ZodError' }],
  ['query=a&page=1', 400, 'Cannot use page param with query search. Use cursor-based pagination.'],
  ['page=11&limit=100', 429, "You've requested too many pages, please use cursors instead"],
  ['favorites=false', 401, 'Unauthorized'],
])('refuses %s', async (query, status, error) => {
  const [told, body] = await world.answerOf(`/api/v1/models?${query}`)
  expect(told).toBe(status)
  if (typeof error === 'string') expect(body.error).toBe(error)
  else expect(body.error).toMatchObject(error as object)
})
