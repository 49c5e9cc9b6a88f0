import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import { auth, type Running, start } from './harness.ts'

let hub: Running
beforeEach(async () => {
  hub = await start()
})
afterEach(() => hub.close())

const ids = async (query: string, init: RequestInit = {}): Promise<string[]> =>
  ((await hub.read(`/api/models?${query}`, init)) as { id: string }[]).map(({ id }) => id)

test('lists repos page by page, the next page in Link and no Link at the end', async () => {
  for (const number of [1, 2, 3]) hub.add({ id: `ada/m${number}`, metadata: { downloads: number, likes: 9 - number } })
  const first = await hub.ask('/api/models?sort=downloads&limit=2')
  expect(((await first.json()) as { id: string }[]).map(({ id }) => id)).toEqual(['ada/m3', 'ada/m2'])
  const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1]
  expect(next).toMatch(`${hub.hub.url}/api/models?sort=downloads&limit=2&cursor=`)
  const second = await fetch(next!)
  expect(((await second.json()) as { id: string }[]).map(({ id }) => id)).toEqual(['ada/m1'])
  expect(second.headers.get('link')).toBeNull()
  expect(second.headers.get('ratelimit')).toMatch(/^"api";r=\d+;t=\d+$/)
  expect(await ids('sort=likes')).toEqual(['ada/m1', 'ada/m2', 'ada/m3'])
})

test('filters by all tags, the library among them, by task, author and a part of the id', async () => {
  hub.add({
    id: 'ada/lora-cat',
    tags: ['lora'],
    library: 'diffusers',
    pipelineTag: 'text-to-image',
    baseModel: 'org/base',
  })
  hub.add({ id: 'bob/lora-dog', tags: ['lora'], pipelineTag: 'text-generation' })
  expect(await ids('filter=lora&filter=diffusers')).toEqual(['ada/lora-cat'])
  expect(await ids('filter=base_model:org/base')).toEqual(['ada/lora-cat'])
  expect(await ids('pipeline_tag=text-generation')).toEqual(['bob/lora-dog'])
  expect(await ids('author=bob')).toEqual(['bob/lora-dog'])
  expect(await ids('search=DOG')).toEqual(['bob/lora-dog'])
})

test('tells what was asked for only, and private repos to those who may see them', async () => {
  hub.add({ id: 'ada/open', gated: 'manual', baseModel: 'org/base' })
  hub.add({ id: 'ada/hidden', private: true, access: [LOCAL_HUGGINGFACE_TOKEN] })
  const [plain] = (await hub.read('/api/models')) as Record<string, unknown>[]
  expect(Object.keys(plain!)).not.toEqual(expect.arrayContaining(['siblings', 'gated', 'sha', 'cardData']))
  const [full] = (await hub.read('/api/models?full=true&cardData=true')) as Record<string, unknown>[]
  expect(full).toMatchObject({ gated: 'manual', author: 'ada', cardData: { base_model: 'org/base' } })
  expect(full!.siblings).toContainEqual({ rfilename: 'config.json' })
  expect(await ids('')).toEqual(['ada/open'])
  expect(await ids('sort=id', { headers: auth })).toEqual(expect.arrayContaining(['ada/hidden', 'ada/open']))
})

test('refuses a bad token and a sort that it does not know', async () => {
  expect((await hub.ask('/api/models', { headers: { authorization: 'Bearer x' } })).status).toBe(401)
  expect((await hub.ask('/api/models?sort=best')).status).toBe(400)
})
