import { Timestamp } from '@google-cloud/firestore'
import { readGeneration } from '#shared/documents/generations.ts'
import { readUsage } from '#shared/documents/quotas.ts'
import { usageRef } from '#shared/documents/usage.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { promptTemplates } from '#shared/prompts/templates.ts'
import { generationNames } from '#shared/trainings/training-jobs.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'

let world: ApiWorld
let api: ApiInstance
let clockMs = Date.now()

beforeAll(async () => {
  world = await startApiWorld({ now: () => clockMs })
  api = await world.start({ GENERATIONS_PER_DAY: '10' })
})
afterAll(() => world.close())

const generate = (token: string, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.call({ token, path: '/api/generations', body, headers })

let models = 0
const owner = async () => {
  const { uid, token } = await world.signIn()
  models += 1
  const modelId = `model${models}`
  await world.db.doc(`models/${modelId}`).set({
    userId: uid,
    trainingId: modelId,
    name: 'Ana',
    type: 'woman',
    triggerWord: 'ohwx',
    replicate_model_id: 'owner/ana',
    replicate_version_id: 'f'.repeat(64),
    baseModel: 'FLUX.1-dev',
    gcsUri: 'gs://models/x',
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    createdAt: Timestamp.now(),
  })
  return { uid, token, modelId }
}

test('pictures are asked for by a prompt: the document, the job and the quota are written, the job is woken', async () => {
  const { uid, token, modelId } = await owner()
  const answer = await generate(token, { modelId, prompt: 'a photo of {trigger}, a {type}', count: 3 })
  expect(answer.status).toBe(202)
  const { id } = answer.body.generation
  const prompt = 'a photo of ohwx, a woman'
  expect(answer.body.generation).toMatchObject({ status: 'queued', prompts: [prompt, prompt, prompt], images: [] })
  expect(await readGeneration(null, world.db, id)).toMatchObject({
    version: `owner/ana:${'f'.repeat(64)}`,
    userId: uid,
    trainingId: null,
  })
  const job = jobId(generationNames.key({ generationId: id }))
  expect((await jobRef(world.db, job).get()).data()).toMatchObject({
    kind: 'generation',
    state: 'queued',
    input: { generationId: id, userId: uid },
  })
  expect((await readUsage(null, world.db, uid)).quotas.generations[id]).toMatchObject({ amount: 3, state: 'reserved' })
  await world.tasks.idle()
  expect(world.woken).toContain(`http://127.0.0.1:10/internal/jobs/${job}`)
  expect((await api.call({ token, path: `/api/generations/${id}` })).body).toEqual(answer.body)
})

test('templates are listed, and each is filled with what the model has learned', async () => {
  const { token, modelId } = await owner()
  const { templates } = (await api.call({ token, path: '/api/templates' })).body
  expect(templates).toEqual(promptTemplates)
  for (const { id } of templates) {
    const { status, body } = await generate(token, { modelId, template: id })
    expect(status).toBe(202)
    expect(body.generation.prompts).toHaveLength(1)
    expect(body.generation.prompts[0]).toMatch(/ohwx, a woman/)
  }
  const unknown = await generate(token, { modelId, template: 'none' })
  expect([unknown.status, unknown.body.error.details[0]?.path]).toEqual([422, 'template'])
})

test('after too many pictures that came to nothing none is begun, and it is told until when', async () => {
  const strict = await world.start({ FAILED_GENERATIONS_PER_DAY: '8' })
  const { uid, token, modelId } = await owner()
  const run = { amount: 8, at: Timestamp.fromMillis(clockMs - 3_600_000) }
  await usageRef(world.db, uid).set({ failedRuns: { generations: { one: run } } })
  const refused = await strict.call({ token, path: '/api/generations', body: { modelId, prompt: 'p' } })
  expect([refused.status, refused.body.error.code]).toEqual([429, 'quota.failed-runs'])
  expect(refused.headers.get('retry-after')).toBe(String(23 * 3600))
  expect((await generate(token, { modelId, prompt: 'p' })).status).toBe(202)
})

test('another user’s model, a row of the app’s own and a missing one are not there', async () => {
  const own = await owner()
  const other = await owner()
  await world.db.doc('models/apps-own').set({ userId: own.uid, name: 'not trained here' })
  for (const modelId of [other.modelId, 'apps-own', 'missing']) {
    const { status, body } = await generate(own.token, { modelId, prompt: 'p' })
    expect([status, body.error.code]).toEqual([404, 'model.not-found'])
  }
  expect((await readUsage(null, world.db, own.uid)).quotas.generations).toEqual({})
  const boss = await world.start({ ADMIN_UIDS: own.uid })
  const asOperator = { token: own.token, path: '/api/generations', body: { modelId: other.modelId, prompt: 'p' } }
  expect((await boss.call(asOperator)).status).toBe(404)
})

test('a generation is its owner’s and the operators’', async () => {
  const { token, modelId } = await owner()
  const { id } = (await generate(token, { modelId, prompt: 'p' })).body.generation
  const stranger = await world.signIn()
  const refused = await api.call({ token: stranger.token, path: `/api/generations/${id}` })
  expect([refused.status, refused.body.error.code]).toEqual([404, 'generation.not-found'])
  const boss = await world.start({ ADMIN_UIDS: stranger.uid })
  expect((await boss.call({ token: stranger.token, path: `/api/generations/${id}` })).status).toBe(200)
})

test('pictures show their URLs and not where they lie', async () => {
  const { token, modelId } = await owner()
  const { id } = (await generate(token, { modelId, prompt: 'p' })).body.generation
  const image = {
    index: 0,
    prompt: 'p',
    url: 'https://example.com/0.webp',
    bucket: 'private-bucket',
    name: 'generations/u/x/0.webp',
    generation: '1',
    contentType: 'image/webp',
    sizeBytes: 5,
  }
  await world.db.doc(`generations/${id}`).update({ status: 'succeeded', images: [image], finishedAt: Timestamp.now() })
  const { generation } = (await api.call({ token, path: `/api/generations/${id}` })).body
  const { bucket: _bucket, name: _name, generation: _generation, ...shown } = image
  expect(generation.images).toEqual([shown])
})

test('the quota counts pictures, and usage tells it', async () => {
  const { uid, token, modelId } = await owner()
  for (let count = 0; count < 2; count++)
    expect((await generate(token, { modelId, prompt: 'p', count: 4 })).status).toBe(202)
  const refused = await generate(token, { modelId, prompt: 'p', count: 3 })
  expect([refused.status, refused.body.error.code]).toEqual([429, 'quota.generations'])
  expect(refused.headers.get('retry-after')).toBe('86400')
  expect((await generate(token, { modelId, prompt: 'p', count: 2 })).status).toBe(202)
  const usage = (await api.call({ token, path: '/api/usage' })).body
  const freeAt = new Date(clockMs + 86_400_000).toISOString()
  expect(usage).toEqual({
    trainings: { used: 0, most: 3, retryAt: null },
    generations: { used: 10, most: 10, retryAt: freeAt },
    storage: { usedBytes: 0, mostBytes: 10_000_000_000 },
  })
  clockMs += 86_400_000
  const { token: later } = await world.signIn(uid)
  expect((await api.call({ token: later, path: '/api/usage' })).body.generations).toEqual({
    used: 0,
    most: 10,
    retryAt: null,
  })
})

test('many requests at once get as many pictures as there is room for', async () => {
  const { token, modelId } = await owner()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => generate(token, { modelId, prompt: 'p', count: 3 })),
  )
  expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(3).fill(202), ...Array(17).fill(429)])
})

test('a request that is sent again with its key makes no second one', async () => {
  const { uid, token, modelId } = await owner()
  const key = { 'idempotency-key': 'again' }
  const first = await generate(token, { modelId, prompt: 'p', count: 2 }, key)
  expect((await generate(token, { modelId, prompt: 'p', count: 2 }, key)).body).toEqual(first.body)
  const other = await generate(token, { modelId, prompt: 'q', count: 2 }, key)
  expect([other.status, other.body.error.code]).toEqual([409, 'request.key-reused'])
  expect(Object.keys((await readUsage(null, world.db, uid)).quotas.generations)).toHaveLength(1)
})
