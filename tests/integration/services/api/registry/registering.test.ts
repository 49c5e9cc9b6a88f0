import { toRegistered } from '#shared/documents/registered-models.ts'
import type { WireModel } from '#shared/registry/model/wire-model.ts'
import { openRegistryWorld, type RegistryWorld } from './world.ts'

let world: RegistryWorld
beforeAll(async () => {
  world = await openRegistryWorld()
  world.civitai.addModel({
    id: 4384,
    name: 'DreamShaper',
    type: 'Checkpoint',
    description: '<p>A <b>painter</b>.</p>',
    tags: ['anime', 'digital art'],
    creator: 'Lykon',
    stats: { downloadCount: 900, thumbsUpCount: 90, thumbsDownCount: 10 },
    versions: [
      {
        id: 8,
        name: '8',
        baseModel: 'SD 1.5',
        publishedAt: new Date('2026-02-01'),
        files: [{ id: 81 }, { id: 82, fp: 'fp32' }],
      },
      { id: 7, name: '7', baseModel: 'SD 1.5', publishedAt: new Date('2026-01-01'), trainedWords: ['dreamy'] },
    ],
  })
  world.hub.addRepo({
    id: 'ann/tiny',
    formerIds: ['ann/old-tiny'],
    pipelineTag: 'text-to-image',
    tags: ['lora', 'watercolor'],
    baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
    branches: { draft: [{ path: 'draft.safetensors', content: { kind: 'safetensors', sizeBytes: 2048, seed: 4 } }] },
    files: [{ path: 'tiny.safetensors', content: { kind: 'safetensors', sizeBytes: 1024, seed: 3 } }],
  })
})
afterAll(() => world.close())

const at = (id: string) => `/api/registry/models/${encodeURIComponent(id)}`
const add = (token: string, body: object) => world.instance.call({ token, path: '/api/registry/models', body })

test('a version of CivitAI is registered with all that CivitAI says of it, and becomes a document that model-sync understands', async () => {
  const { uid, token } = await world.api.signIn()
  const { status, body } = await add(token, { source: 'civitai:4384@7' })
  expect(status).toBe(201)
  expect(body.model).toMatchObject({
    id: 'civitai:4384@7',
    source: 'civitai',
    source_id: '4384',
    name: 'DreamShaper',
    type: 'base_model',
    base_model: 'sd15',
    source_base_model: 'SD 1.5',
    version: '7',
    format: 'safetensors',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    trigger_words: ['dreamy'],
    tags: ['anime', 'digital art'],
    description: 'A painter.',
    creator: 'Lykon',
    download_count: 900,
    rating: 4.5,
    created_at: '2026-01-01T00:00:00.000Z',
    model_id: expect.stringMatching(/^civitai-4384-v7~/),
    sync_status: 'notsynced',
    sync_error: null,
    system: false,
  })
  const document = (await world.api.db.doc(`ai_models/${body.model.model_id}`).get()).data()
  expect(document).toMatchObject({
    name: 'DreamShaper',
    type: 'model',
    engine: 'civitai',
    civitaiModelId: '4384',
    versionId: '7',
    baseModel: 'SD 1.5',
    triggerWords: ['dreamy'],
    userId: uid,
    syncStatus: 'notsynced',
    registry: {
      owner: uid,
      key: 'civitai:4384@7',
      popularity: 90,
      words: expect.arrayContaining(['dreamshaper', '#digital art']),
    },
  })
})

test('without a version the one is registered that a sync would take now, and again it is the same model', async () => {
  const { token } = await world.api.signIn()
  const first = await add(token, { source: 'https://civitai.com/models/4384/dreamshaper' })
  expect([first.status, first.body.model.id]).toEqual([201, 'civitai:4384@8'])
  for (const source of ['civitai:4384', 'civitai:4384@8', 'urn:air:sd1:checkpoint:civitai:4384@8']) {
    const again = await add(token, { source })
    expect([again.status, again.body.model]).toEqual([200, first.body.model])
  }
  const file = await add(token, { source: 'civitai:4384@8+82' })
  expect([file.status, file.body.model.id]).toEqual([201, 'civitai:4384@8+82'])
})

test('an id without a version means the newest version that one has registered, and of the hub where there is none', async () => {
  const { token } = await world.api.signIn()
  const shown = async () => (await world.instance.call({ token, path: at('civitai:4384') })).body.model
  expect(await shown()).toMatchObject({ id: 'civitai:4384@8', model_id: null })
  await add(token, { source: 'civitai:4384@7' })
  expect(await shown()).toMatchObject({ id: 'civitai:4384@7', model_id: expect.any(String) })
  await add(token, { source: 'civitai:4384@8' })
  expect(await shown()).toMatchObject({ id: 'civitai:4384@8', model_id: expect.any(String) })
})

test('one that is asked for twenty times at once is one model', async () => {
  const { token } = await world.api.signIn()
  const answers = await Promise.all(Array.from({ length: 20 }, () => add(token, { source: 'hf:ann/tiny' })))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array<number>(19).fill(200), 201])
  expect(new Set(answers.map(({ body }) => body.model.model_id)).size).toBe(1)
})

test('a repo is registered by the name that it has today, at a revision, and by a file', async () => {
  const { token } = await world.api.signIn()
  const renamed = (await add(token, { source: 'hf:ann/old-tiny' })).body.model
  expect(renamed).toMatchObject({ id: 'hf:ann/tiny', type: 'lora', base_model: 'sdxl', tags: ['lora', 'watercolor'] })
  expect(renamed.version).toMatch(/^[0-9a-f]{40}$/)
  const branch = (await add(token, { source: 'hf:ann/tiny@draft' })).body.model
  expect(branch).toMatchObject({ id: 'hf:ann/tiny@draft', size_bytes: null, sha256: null })
  expect(branch.version).not.toBe(renamed.version)
  const file = (await add(token, { source: 'hf:ann/tiny:tiny.safetensors' })).body.model
  expect(file).toMatchObject({ id: 'hf:ann/tiny:tiny.safetensors', size_bytes: 1024, sha256: renamed.sha256 })
  expect(new Set([renamed, branch, file].map(({ model_id }) => model_id)).size).toBe(3)
})

test('what the app has imported is the same model', async () => {
  const { uid, token } = await world.api.signIn()
  const app = {
    name: 'Mine',
    type: 'model',
    engine: 'huggingface',
    hf_id: 'some/suggestion',
    civitaiModelId: 4384,
    versionId: 7,
  }
  await world.api.db.doc('ai_models/from-the-app').set({ ...app, userId: uid, syncStatus: 'notsynced' })
  // Not found by any query before something fills in our map: a change of its owner's does.
  const renamed = await world.instance.call({
    token,
    method: 'PATCH',
    path: at('from-the-app'),
    body: { name: 'My dream' },
  })
  expect(renamed.body.model).toMatchObject({ id: 'civitai:4384@7', model_id: 'from-the-app', name: 'My dream' })
  const again = await add(token, { source: 'civitai:4384@7' })
  expect([again.status, again.body.model.model_id]).toEqual([200, 'from-the-app'])
})

test('an address of a file is registered as it is, and checked first', async () => {
  const { token } = await world.api.signIn()
  const instance = await world.api.start(
    {},
    { resolveHost: async () => [{ address: '93.184.216.34', family: 4 as const }] },
  )
  const url = 'https://files.example.com/My%20lora.safetensors?download=1'
  const call = (source: string) =>
    instance.call({ token, path: '/api/registry/models', body: { source, type: 'lora', name: 'Lora of mine' } })
  const { status, body } = await call(url)
  expect([status, body.model]).toMatchObject([
    201,
    { source: 'local', type: 'lora', format: 'safetensors', name: 'Lora of mine' },
  ])
  expect(body.model.id).toBe(`local:${body.model.model_id}`)
  expect((await world.api.db.doc(`ai_models/${body.model.model_id}`).get()).get('sourceUrl')).toBe(url)
  for (const bad of ['http://files.example.com/a', 'https://127.0.0.1/a', 'https://user:pw@example.com/a']) {
    expect((await call(bad)).body.error.code).toBe('registry.bad-url')
  }
})

test.each([
  ['civitai:4384@999', 422, 'civitai.not-found'],
  ['civitai:77777', 422, 'civitai.not-found'],
  ['civitai:4384@8+999', 422, 'civitai.not-found'],
  ['civitai:nonsense', 422, 'civitai.bad-reference'],
  ['hf:ann/nobody', 422, 'huggingface.not-found'],
  ['hf:ann/tiny:other.safetensors', 422, 'huggingface.file-not-found'],
  ['hf:not a repo', 422, 'huggingface.bad-reference'],
  ['what is this', 422, 'registry.bad-source'],
  ['https://civitai.com/api/download/models/8?type=Model&format=SafeTensor', 422, 'registry.bad-source'],
])('%j is refused with %i %s', async (source, status, code) => {
  const { token } = await world.api.signIn()
  const answer = await add(token, { source })
  expect([answer.status, answer.body.error.code]).toEqual([status, code])
  expect(answer.body.error.details).toMatchObject([{ path: 'source' }])
})

test('a hub that is down is a 503, one that refuses for good a 424', async () => {
  const { token } = await world.api.signIn()
  world.civitai.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'model' })
  const down = await add(token, { source: 'civitai:4384@8' })
  expect([down.status, down.body.error.code]).toEqual([503, 'civitai.unavailable'])
  world.hub.inject({ fault: { kind: 'status', status: 403 }, times: 1 })
  const refused = await add(token, { source: 'hf:ann/tiny' })
  expect([refused.status, refused.body.error.code.split('.')[0]]).toEqual([424, 'huggingface'])
})

test('an upload is registered by who sent it alone', async () => {
  const { uid, token } = await world.api.signIn()
  const sha256 = 'ab'.repeat(32)
  const own = { upload: `model-uploads/${uid}/${sha256}.safetensors`, sha256 }
  const { status, body } = await add(token, { source: own, name: 'Sent' })
  expect([status, body.model]).toMatchObject([201, { name: 'Sent', source: 'local', sha256, format: 'safetensors' }])
  expect((await add(token, { source: own })).status).toBe(200)
  const others = { upload: `model-uploads/other/${sha256}.safetensors`, sha256 }
  for (const source of [others, { ...own, sha256: 'cd'.repeat(32) }, { upload: 'gs://elsewhere/x', sha256 }]) {
    expect((await add(token, { source })).body.error.code).toBe('registry.bad-upload')
  }
})

test('an upload that is sent again under another name is the one that its model is made of, until it is synced', async () => {
  const { uid, token } = await world.api.signIn()
  const sha256 = '12'.repeat(32)
  const source = (extension: string) => ({ upload: `model-uploads/${uid}/${sha256}${extension}`, sha256 })
  const { model } = (await add(token, { source: source('.ckpt') })).body
  const named = () => world.api.db.doc(`ai_models/${model.model_id}`)
  expect((await add(token, { source: source('.safetensors') })).status).toBe(200)
  expect((await named().get()).get('uploadObject')).toMatch(/\.safetensors$/)
  await named().update({ syncStatus: 'synced', gcsUri: 'gs://models/m' })
  expect((await add(token, { source: source('.ckpt') })).status).toBe(200)
  expect((await named().get()).get('uploadObject')).toMatch(/\.safetensors$/)
})

test('a user’s own models have an end, the same one again and an operator’s do not', async () => {
  const [{ uid, token }, operator] = [await world.api.signIn(), await world.api.signIn('root', { operator: true })]
  expect((await add(token, { source: 'civitai:4384@7' })).status).toBe(201)
  for (let first = 0; first < 999; first += 333) {
    const batch = world.api.db.batch()
    for (let index = first; index < first + 333; index++) {
      batch.set(world.api.db.doc(`ai_models/${uid}-${index}`), { userId: uid, registry: { owner: uid } })
    }
    await batch.commit()
  }
  const refused = await add(token, { source: 'civitai:4384@8' })
  expect([refused.status, refused.body.error.code]).toEqual([429, 'quota.models'])
  expect((await add(token, { source: 'civitai:4384@7' })).status).toBe(200)
  expect((await add(operator.token, { source: 'civitai:4384@8' })).status).toBe(201)
  await world.api.db.doc(`ai_models/${uid}-0`).delete()
  expect((await add(token, { source: 'civitai:4384@8' })).status).toBe(201)
})

test('what is everybody’s is registered by operators, seen by all, and nobody needs another one of it', async () => {
  const operator = await world.api.signIn('an-operator', { operator: true })
  const { token } = await world.api.signIn()
  const refused = await add(token, { source: 'hf:ann/tiny@main', system: true })
  expect([refused.status, refused.body.error.code]).toEqual([403, 'auth.operator-only'])
  const made = await add(operator.token, { source: 'hf:ann/tiny@main', system: true })
  expect([made.status, made.body.model]).toMatchObject([201, { system: true }])
  const same = await add(token, { source: 'hf:ann/tiny@main', sync: true })
  expect([same.status, same.body.model]).toMatchObject([
    200,
    { model_id: made.body.model.model_id, sync_status: 'notsynced' },
  ])
  for (const call of [
    { method: 'PATCH', path: at(made.body.model.model_id ?? ''), body: { name: 'Mine now' } },
    { method: 'DELETE', path: at(made.body.model.model_id ?? '') },
    { method: 'POST', path: `${at(made.body.model.model_id ?? '')}/sync` },
  ]) {
    expect((await world.instance.call({ token, ...call })).status).toBe(403)
  }
})

test('a model is registered and its copy asked for in one; asked again it goes on', async () => {
  const { token } = await world.api.signIn()
  const { body } = await add(token, { source: 'civitai:4384@7', sync: true })
  expect(body.model.sync_status).toBe('syncing')
  const wish = await world.api.db.doc(`ai_models/${body.model.model_id}`).get()
  const again = await world.instance.call({ token, method: 'POST', path: `${at(body.model.model_id ?? '')}/sync` })
  expect([again.status, again.body.model.sync_status]).toEqual([202, 'syncing'])
  expect((await wish.ref.get()).updateTime).toEqual(wish.updateTime)
  await wish.ref.update({ syncStatus: 'notsynced', syncError: 'It broke.', syncErrorCode: 'sync.broke' })
  const failed = (await world.instance.call({ token, path: at(body.model.model_id ?? '') })).body.model
  expect(failed).toMatchObject({ sync_status: 'notsynced', sync_error: { code: 'sync.broke', message: 'It broke.' } })
  expect((await add(token, { source: 'civitai:4384@7', sync: true })).body.model.sync_status).toBe('syncing')
})

test('how far the copy is that a model waits for is told while it waits', async () => {
  const { token } = await world.api.signIn()
  const { model } = (await add(token, { source: 'civitai:4384@7', sync: true })).body
  const path = at(model.model_id ?? '')
  const progress = async () => (await world.instance.call({ token, path })).body.model.sync_progress
  expect(await progress()).toBeNull()
  const job = world.api.db.doc('jobs/the-sync')
  await world.api.db.doc(`model_runs/${model.model_id}`).set({ jobId: 'the-sync', order: {}, starts: [] })
  const copying = { phase: 'copying', doneBytes: 5, sizeBytes: null, bytesPerSecond: 1, etaSeconds: null, lanes: 1 }
  await job.set({ state: 'waiting', progress: copying })
  expect(await progress()).toEqual({ bytes_done: 5, bytes_total: null })
  await job.update({ progress: { ...copying, doneBytes: 7, sizeBytes: 9 } })
  expect(await progress()).toEqual({ bytes_done: 7, bytes_total: 9 })
  await job.update({ state: 'failed' })
  expect(await progress()).toBeNull()
  await job.update({ state: 'running' })
  await world.api.db.doc(`ai_models/${model.model_id}`).update({ syncStatus: 'notsynced' })
  expect(await progress()).toBeNull()
})

test('what its owner says of a model is shown and found, and the rest stays', async () => {
  const { token } = await world.api.signIn()
  const { model } = (await add(token, { source: 'civitai:4384@8' })).body
  const change = { name: 'Dünen', tags: ['sand'], trigger_words: ['dune'], description: null, recommended_weight: 0.7 }
  const path = at(model.model_id ?? '')
  const { status, body } = await world.instance.call({ token, method: 'PATCH', path, body: change })
  expect(status).toBe(200)
  expect(body.model).toEqual({ ...model, ...change } satisfies WireModel)
  const stored = await world.api.db.doc(`ai_models/${model.model_id}`).get()
  expect(toRegistered(stored)?.model).toMatchObject({ name: 'Dünen', creator: 'Lykon' })
  expect(stored.get('registry.words')).toEqual(expect.arrayContaining(['dünen', 'sand', '#sand', 'dune', 'lykon']))
  expect(stored.get('registry.words')).not.toContain('dreamshaper')
  for (const bad of [{}, { name: '' }, { recommended_weight: 9 }, { sha256: 'x' }]) {
    expect((await world.instance.call({ token, method: 'PATCH', path, body: bad })).status).toBe(422)
  }
})

test('a removed model leaves the rows of its files, and is registered anew', async () => {
  const { token } = await world.api.signIn()
  const { model } = (await add(token, { source: 'civitai:4384@8' })).body
  const row = world.api.db.doc('model_files/some-file')
  await row.set({ id: 'some-file', users: ['other', model.model_id], stored: null })
  const path = at(model.model_id ?? '')
  const gone = await world.instance.call({ token, method: 'DELETE', path })
  expect([gone.status, gone.body]).toEqual([200, { removed: true }])
  expect((await row.get()).get('users')).toEqual(['other'])
  expect((await world.instance.call({ token, path })).status).toBe(404)
  expect((await world.instance.call({ token, method: 'DELETE', path })).status).toBe(404)
  expect((await add(token, { source: 'civitai:4384@8' })).status).toBe(201)
})

test('another user’s model is no model', async () => {
  const owner = await world.api.signIn()
  const other = await world.api.signIn()
  const { model } = (await add(owner.token, { source: 'civitai:4384@8' })).body
  const path = at(model.model_id ?? '')
  for (const call of [{}, { method: 'PATCH', body: { name: 'x' } }, { method: 'DELETE' }]) {
    const answer = await world.instance.call({ token: other.token, path, ...call })
    expect([answer.status, answer.body.error.code]).toEqual([404, 'model.not-found'])
  }
  // By the registry's id it is what the hub says, and not registered for them.
  const shown = await world.instance.call({ token: other.token, path: at('civitai:4384@8') })
  expect([shown.status, shown.body.model]).toMatchObject([200, { name: 'DreamShaper', model_id: null }])
  const operator = await world.api.signIn('the-operator', { operator: true })
  expect((await world.instance.call({ token: operator.token, path })).body.model.model_id).toBe(model.model_id)
})
