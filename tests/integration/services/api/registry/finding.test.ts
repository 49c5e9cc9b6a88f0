import { createHash } from 'node:crypto'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { ApiBody } from '../../../../support/api-answer.ts'
import { storeFile } from '../../../../support/stored-models.ts'
import { openRegistryWorld, type RegistryWorld } from './world.ts'

let world: RegistryWorld
let user: { uid: string; token: string }
/** Registered by the user, and for everybody. */
let own: ApiBody['model']
let shared: ApiBody['model']

beforeAll(async () => {
  world = await openRegistryWorld()
  for (let index = 1; index <= 6; index++) {
    world.civitai.addModel({
      id: index,
      name: `Castle ${index}`,
      type: index === 1 ? 'Checkpoint' : 'LORA',
      stats: { thumbsUpCount: 100 - index },
      nsfw: index === 6,
      versions: [
        {
          id: index * 10,
          baseModel: index === 5 ? 'Flux.1 D' : 'SDXL 1.0',
          publishedAt: new Date(Date.UTC(2026, 0, index)),
          files: [{ content: { kind: 'safetensors', sizeBytes: 1024, seed: index } }],
        },
      ],
    })
    world.hub.addRepo({
      id: `ann/castle-${index}`,
      pipelineTag: 'text-to-image',
      tags: ['lora'],
      baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
      files: [{ path: 'a.safetensors', content: { kind: 'safetensors', sizeBytes: 1024, seed: 100 + index } }],
      metadata: { likes: 100 - index },
    })
  }
  user = await world.api.signIn('ann')
  const operator = await world.api.signIn('op', { operator: true })
  own = (await add(user.token, { source: 'civitai:2@20', name: 'My castle' })).body.model
  shared = (await add(operator.token, { source: 'hf:ann/castle-3', system: true })).body.model
})
afterAll(() => world.close())

const add = (token: string, body: object) => world.instance.call({ token, path: '/api/registry/models', body })
const get = (path: string, token = user.token) => world.instance.call({ token, path })
const search = async (query: string, token = user.token) => (await get(`/api/registry/search?${query}`, token)).body
const at = (id: string) => `/api/registry/models/${encodeURIComponent(id)}`

test('a search finds both hubs’ models and registered ones, each once, and says which are registered', async () => {
  const { models, next_cursor, notes } = await search('q=castle&limit=100')
  expect([notes, next_cursor]).toEqual([[], null])
  const ids = models.map(({ source, source_id }) => `${source}:${source_id}`)
  // The sixth of CivitAI's is not for everybody.
  expect(ids.toSorted()).toEqual([
    ...[1, 2, 3, 4, 5].map((index) => `civitai:${index}`),
    ...[1, 2, 3, 4, 5, 6].map((index) => `huggingface:ann/castle-${index}`),
  ])
  const registered = models.filter(({ model_id }) => model_id !== null)
  expect(registered).toMatchObject([
    { model_id: own.model_id, name: 'My castle', system: false },
    { model_id: shared.model_id, system: true },
  ])
})

test('another user sees what is everybody’s; what is somebody’s own is the hub’s for them', async () => {
  const other = await world.api.signIn('ben')
  const { models } = await search('q=castle&limit=100&nsfw=true', other.token)
  expect(models).toHaveLength(12)
  expect(models.filter(({ model_id }) => model_id !== null).map(({ model_id }) => model_id)).toEqual([shared.model_id])
  expect(models.map(({ name }) => name)).not.toContain('My castle')
})

test('page after page is the same list, and a token of another search is refused', async () => {
  const all = (await search('sort=newest&limit=100')).models.map(({ id }) => id)
  const ids: string[] = []
  let cursor: string | null = ''
  for (let pages = 0; cursor !== null && pages < 20; pages++) {
    const page: ApiBody = await search(`sort=newest&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ids.push(...page.models.map(({ id }) => id))
    cursor = page.next_cursor
    if (pages === 0) {
      const answer = await get(`/api/registry/search?sort=rating&cursor=${cursor}`)
      expect([answer.status, answer.body.error.code]).toEqual([400, 'search.other-search'])
    }
  }
  expect(ids.toSorted()).toEqual(all.toSorted())
  expect((await get('/api/registry/search?cursor=nonsense')).body.error.code).toBe('search.bad-cursor')
})

test('what was registered a moment ago is found, whatever was searched before', async () => {
  const late = await world.api.signIn('late')
  expect((await search('q=castle&source=local', late.token)).models.map(({ id }) => id)).toEqual(['hf:ann/castle-3'])
  await add(late.token, { source: 'civitai:4' })
  const { models } = await search('q=castle&source=local', late.token)
  expect(models.map(({ id }) => id)).toEqual(expect.arrayContaining(['civitai:4@40', 'hf:ann/castle-3']))
})

test('filters are told to each source in its words, several at once', async () => {
  const { models } = await search('type=base_model,vae&base=sdxl&limit=50')
  expect(models.map(({ id }) => id)).toEqual(['civitai:1@10'])
  const bad = await get('/api/registry/search?type=painting&sort=best&limit=1000')
  expect(bad.status).toBe(422)
  expect(bad.body.error.details.map(({ path }) => path)).toEqual(['query.type.0', 'query.sort', 'query.limit'])
})

test('a source that fails leaves a note, and its models for the next page', async () => {
  world.civitai.inject({ fault: { kind: 'status', status: 503 }, times: 1, endpoint: 'models' })
  const first = await search('q=castle&sort=downloads&limit=100')
  expect(first.notes).toMatchObject([{ source: 'civitai', code: 'civitai.unavailable', asked_again: true }])
  const second = await search(`q=castle&sort=downloads&limit=100&cursor=${first.next_cursor}`)
  expect(second.models.filter(({ source }) => source === 'civitai').map(({ source_id }) => source_id)).toHaveLength(4)
  expect([second.notes, second.next_cursor]).toEqual([[], null])
})

test('a hub that hangs is left out at the deadline', async () => {
  const quick = await world.api.start({
    CIVITAI_BASE_URL: world.civitai.url,
    HF_BASE_URL: world.hub.url,
    SEARCH_DEADLINE_MS: '150',
  })
  world.hub.inject({ fault: { kind: 'hang' }, times: 1 })
  const { body } = await quick.call({
    token: user.token,
    path: '/api/registry/search?q=castle&source=huggingface,local',
  })
  expect(body.notes).toMatchObject([{ source: 'huggingface', code: 'search.too-slow', asked_again: true }])
  expect(body.models.length).toBeGreaterThan(0)
})

test('a model is shown by its document’s id, by the registry’s, and from its hub where nobody has registered it', async () => {
  expect((await get(at(own.model_id ?? ''))).body.model).toEqual(own)
  expect((await get(at('civitai:2@20'))).body.model).toEqual(own)
  // Without a version: the one that it has now.
  expect((await get(at('civitai:2'))).body.model).toMatchObject({ id: 'civitai:2@20', model_id: own.model_id })
  expect((await get(at('HF:ann/castle-3'))).status).toBe(404)
  expect((await get(at('hf:Ann/Castle-3'))).body.model).toMatchObject({ model_id: shared.model_id })
  expect((await get(at('hf:ann/castle-1'))).body.model).toMatchObject({
    name: 'castle-1',
    model_id: null,
    size_bytes: 1024,
  })
  for (const id of [
    'nobody',
    'civitai:999',
    'civitai:2@99',
    'hf:ann/nobody',
    'civitai:x',
    'local:nobody',
    'a/b',
    '..',
    '__x__',
  ]) {
    const answer = await get(at(id))
    // `..` is no path of ours by the time that it arrives.
    expect([id, answer.status]).toEqual([id, 404])
  }
})

test('what only our own account at a hub may see is shown to operators alone', async () => {
  const secret = await world.api.start({ HF_BASE_URL: world.hub.url, HF_TOKEN: LOCAL_HUGGINGFACE_TOKEN })
  world.hub.addRepo({
    id: 'op/secret',
    pipelineTag: 'text-to-image',
    private: true,
    access: [LOCAL_HUGGINGFACE_TOKEN],
    files: [],
  })
  const operator = await world.api.signIn('op', { operator: true })
  const paths = ['/api/registry/search?q=secret&source=huggingface', at('hf:op/secret')]
  const seenBy = (token: string) => Promise.all(paths.map((path) => secret.call({ token, path })))
  const [found, shown] = await seenBy(operator.token)
  expect([found?.body.models.length, shown?.status]).toEqual([1, 200])
  const [hidden, refused] = await seenBy(user.token)
  expect([hidden?.body.models, refused?.status]).toEqual([[], 404])
  const path = '/api/registry/models'
  const added = await secret.call({ token: user.token, path, body: { source: 'hf:op/secret' } })
  expect([added.status, added.body.error.code]).toEqual([422, 'huggingface.not-found'])
})

test('reading a synced model is a use of its file', async () => {
  const content = 'weights'
  await storeFile(world.api, { name: 'models/used/1.safetensors', content, users: ['used'] })
  const row = (await world.api.db.collection('model_files').where('users', 'array-contains', 'used').get()).docs[0]!
  await row.ref.update({ lastUsedAt: new Date('2026-01-01') })
  expect((await get(at('used'))).status).toBe(200)
  expect((await row.ref.get()).get('lastUsedAt').toMillis()).toBeGreaterThan(Date.parse('2026-01-02'))
})

test('LoRAs for a model are those of its base', async () => {
  const { body } = await get(`${at('civitai:1')}/loras?limit=100`)
  const found = body.models.map(({ id }) => id)
  expect(found).toEqual(expect.arrayContaining(['civitai:2@20', 'hf:ann/castle-1']))
  expect(body.models.every(({ type, base_model }) => type === 'lora' && base_model === 'sdxl')).toBe(true)
  world.civitai.addModel({ id: 77, type: 'Checkpoint', versions: [{ id: 770, baseModel: 'Grand 9' }] })
  const unknown = await get(`${at('civitai:77')}/loras`)
  expect([unknown.status, unknown.body.error.code]).toEqual([409, 'model.base-unknown'])
})

test('a file is known by its hash: registered first, then at CivitAI', async () => {
  const lookUp = async (sha256: string) =>
    (await world.instance.call({ token: user.token, path: '/api/registry/lookup', body: { sha256 } })).body.model
  expect(await lookUp((own.sha256 ?? '').toUpperCase())).toEqual(own)
  const other = (await get(at('civitai:5'))).body.model
  expect(await lookUp(other.sha256 ?? '')).toEqual(other)
  expect(await lookUp(createHash('sha256').update('nobody’s').digest('hex'))).toBeNull()
  const bad = await world.instance.call({ token: user.token, path: '/api/registry/lookup', body: { sha256: 'x' } })
  expect([bad.status, bad.body.error.details[0]?.path]).toEqual([422, 'sha256'])
})

test('the list has one’s own and the system’s, the last one first, by facets and page after page', async () => {
  const lister = await world.api.signIn('lister')
  for (const source of ['civitai:1', 'civitai:5', 'hf:ann/castle-5']) await add(lister.token, { source })
  const list = async (query: string) => (await get(`/api/registry/models?${query}`, lister.token)).body
  const ids = (body: ApiBody) => body.models.map(({ id }) => id)
  expect(ids(await list(''))).toEqual(['hf:ann/castle-5', 'civitai:5@50', 'civitai:1@10', 'hf:ann/castle-3'])
  expect(ids(await list('source=civitai'))).toEqual(['civitai:5@50', 'civitai:1@10'])
  expect(ids(await list('type=lora&base=sdxl,pony&source=civitai,huggingface'))).toEqual([
    'hf:ann/castle-5',
    'hf:ann/castle-3',
  ])
  const first = await list('limit=3')
  expect(ids(first)).toHaveLength(3)
  const rest = await list(`limit=3&cursor=${first.next_cursor}`)
  expect([ids(rest), rest.next_cursor]).toEqual([['hf:ann/castle-3'], null])
  expect((await get('/api/registry/models?cursor=nonsense', lister.token)).status).toBe(422)
})

test('what has become somebody’s own is found by nobody else, even before its keys say so', async () => {
  const operator = await world.api.signIn('op', { operator: true })
  const { model } = (await add(operator.token, { source: 'hf:ann/castle-4', system: true })).body
  const seen = async () => {
    const list = (await get('/api/registry/models?limit=100')).body.models.map(({ model_id }) => model_id)
    const [one, marked] = [await get(at('hf:ann/castle-4')), await search('q=castle&source=huggingface&limit=100')]
    const found = [one.body.model, ...marked.models, ...(await search('source=local&limit=100')).models]
    return [...list, ...found.map(({ model_id }) => model_id)].filter((id) => id === model.model_id).length
  }
  expect(await seen()).toBe(4)
  await world.api.db.doc(`ai_models/${model.model_id}`).update({ userId: 'eve' })
  expect(await seen()).toBe(0)
})
