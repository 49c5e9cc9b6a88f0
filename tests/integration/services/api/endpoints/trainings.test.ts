import { Timestamp } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import { readUsage } from '#shared/documents/quotas.ts'
import { readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { usageRef } from '#shared/documents/usage.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { taskSilenceMs } from '#shared/jobs/job-states.ts'
import { trainingFinishNames, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'

let world: ApiWorld
let api: ApiInstance
let clockMs = Date.now()

const publicHost = async () => [{ address: '93.184.215.14', family: 4 }]

beforeAll(async () => {
  world = await startApiWorld({ now: () => clockMs })
  api = await world.start({ TRAININGS_PER_DAY: '3' }, { resolveHost: publicHost })
})
afterAll(() => world.close())

const photos = ['one', 'two', 'three', 'four']
const zipUrl = 'https://files.example.com/photos.zip?sig=secret'

const train = (token: string, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', ...body }, headers })

const uploaded = async () => {
  const { uid, token } = await world.signIn()
  return { uid, token, images: await world.putPhotos(uid, photos) }
}

test('a training of uploads is written with its job and its place in the quota, and the job is woken', async () => {
  const { uid, token, images } = await uploaded()
  const answer = await train(token, { images, options: { steps: 1500, triggerWord: 'zanax' } })
  expect(answer.status).toBe(202)
  const { id } = answer.body.training
  expect(answer.body.training).toMatchObject({
    userId: uid,
    name: 'Ana',
    type: 'woman',
    status: 'queued',
    stage: 'upload',
    photoCount: 4,
    model: null,
    options: { steps: 1500, triggerWord: 'zanax', resolution: '512,768,1024', loraRank: 16, autocaption: true },
  })
  const start = jobId(trainingStartNames.key({ trainingId: id }))
  expect(await readTraining(null, world.db, id)).toMatchObject({
    email: `${uid}@example.com`,
    jobId: start,
    inputHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    trainer: expect.stringMatching(/^ostris\/flux-dev-lora-trainer:e440909d/),
  })
  const job = (await jobRef(world.db, start).get()).data()
  expect(job).toMatchObject({
    kind: 'training-start',
    state: 'queued',
    input: { trainingId: id, userId: uid, force: false },
  })
  expect(job?.input.source.photos.map(({ name }: { name: string }) => name)).toEqual(images)
  expect((await readUsage(null, world.db, uid)).quotas.trainings[id]).toMatchObject({ amount: 1, state: 'reserved' })
  await world.tasks.idle()
  expect(world.woken.filter((url) => url.includes(start))).toHaveLength(1)
})

test('the seed’s endpoint trains a ZIP with default options', async () => {
  const { token } = await world.signIn()
  const answer = await api.call({
    token,
    path: '/api/replicate/train-model',
    body: { zipUrl, name: 'Ben', type: 'man' },
  })
  expect(answer.status).toBe(202)
  const { success, trainingId, modelId, status } = answer.body
  expect({ success, status }).toEqual({ success: true, status: 'queued' })
  expect(modelId).toBe(trainingId)
  expect(await readTraining(null, world.db, trainingId)).toMatchObject({
    type: 'man',
    photoCount: null,
    inputHash: null,
  })
  const { body } = await api.call({ token, path: `/api/trainings/${trainingId}` })
  expect(JSON.stringify(body)).not.toContain('secret')
})

test('the same photos with the same options are offered the training that there is, under any names', async () => {
  const { uid, token, images } = await uploaded()
  const first = await train(token, { images })
  const again = await world.putPhotos(uid, photos.toReversed())
  const second = await train(token, { images: again, name: 'Another name' })
  expect(second.status).toBe(200)
  expect(second.body).toEqual({ training: first.body.training, reused: true })
  expect((await train(token, { images: again, options: { steps: 999 } })).status).toBe(202)
  expect((await train(token, { images: again, force: true })).status).toBe(202)
})

test('a failed, canceled or old training is not offered again', async () => {
  const { token, images } = await uploaded()
  for (const change of [
    { status: 'failed' as const },
    { status: 'canceled' as const },
    { cancelRequestedAt: Timestamp.now() },
    { createdAt: Timestamp.fromMillis(clockMs - 25 * 3_600_000) },
  ]) {
    const { training } = (await train(token, { images })).body
    expect(training.id).toBeDefined()
    await runTransaction(world.db, async (transaction) => updateTraining(world.db, training.id, change)(transaction))
    await world.db.doc(`usage/${training.userId}`).delete()
  }
  expect((await train(token, { images })).status).toBe(202)
})

test('another user’s photos, missing ones and too few of them are refused with the place of each', async () => {
  const own = await uploaded()
  const other = await uploaded()
  const [first = '', second = '', third = ''] = own.images
  const details = async (images: string[]) => {
    const answer = await train(own.token, { images })
    expect(answer.status).toBe(422)
    return answer.body.error.details.map(({ path }: { path: string }) => path)
  }
  expect(await details([first, second, third, other.images[0]!])).toEqual(['images.3'])
  const gone = `training-uploads/${own.uid}/${'a'.repeat(20)}.jpg`
  expect(await details([gone, first, second, third])).toEqual(['images.0'])
  const beside = `training-uploads/${own.uid}/../${other.uid}/${'a'.repeat(20)}.jpg`
  expect(await details([beside, `training-uploads/${own.uid}/x/${'a'.repeat(20)}.jpg`, first, second])).toEqual([
    'images.0',
    'images.1',
  ])
  expect(await details([first, second, third])).toEqual(['images'])
  expect(await details([first, second, third, third])).toEqual(['images'])
})

test('a user whose name begins another’s path does not reach below it', async () => {
  const outer = await world.signIn('outer')
  const inner = await world.signIn('outer/inner')
  const images = await world.putPhotos(inner.uid, photos)
  expect((await train(outer.token, { images })).status).toBe(422)
  expect((await train(inner.token, { images })).status).toBe(202)
})

test('a photo that is larger than allowed is refused', async () => {
  const { uid, token } = await world.signIn()
  const small = await world.start({ MAX_PHOTO_BYTES: '1000' })
  const images = await world.putPhotos(uid, [...photos, 'x'.repeat(1001)])
  const body = { name: 'Ana', type: 'woman', images }
  const answer = await small.call({ token, path: '/api/trainings', body })
  expect(answer.body.error.details).toEqual([{ path: 'images.4', message: 'A photo may have 1000 bytes at most.' }])
})

test('a request that is sent again with its key is answered with what it began, also when its photos are gone', async () => {
  const { uid, token, images } = await uploaded()
  const key = { 'idempotency-key': 'k-1' }
  const first = await train(token, { images }, key)
  for (const name of images) await world.store.remove({ bucket: localBuckets.work, name })
  const again = await train(token, { images }, key)
  expect(again.status).toBe(202)
  expect(again.body).toEqual(first.body)
  expect(Object.keys((await readUsage(null, world.db, uid)).quotas.trainings)).toHaveLength(1)

  for (const other of [
    { name: 'Other' },
    { options: { steps: 5 } },
    { force: true },
    { images: images.toReversed() },
  ]) {
    const refused = await train(token, { images, ...other }, key)
    expect(refused.status).toBe(409)
    expect(refused.body.error.code).toBe('request.key-reused')
  }
  const elsewhere = await uploaded()
  expect((await train(elsewhere.token, { images: elsewhere.images }, key)).body.training.id).not.toBe(
    first.body.training.id,
  )
})

test('a day later there is room again', async () => {
  const { uid, token } = await world.signIn()
  for (let count = 0; count < 3; count++) expect((await train(token, { zipUrl })).status).toBe(202)
  expect((await train(token, { zipUrl })).status).toBe(429)
  clockMs += 86_400_000
  expect((await train((await world.signIn(uid)).token, { zipUrl })).status).toBe(202)
})

test('between two trainings there is a pause', async () => {
  const paused = await world.start({ TRAINING_COOLDOWN_MS: '60000' }, { resolveHost: publicHost })
  const { token } = await world.signIn()
  const begin = () => paused.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', zipUrl } })
  expect((await begin()).status).toBe(202)
  clockMs += 20_000
  const early = await begin()
  expect(early.status).toBe(429)
  expect(early.body.error.code).toBe('quota.cooldown')
  expect(early.headers.get('retry-after')).toBe('40')
  clockMs += 40_000
  expect((await begin()).status).toBe(202)
})

test('after too many failed runs none is begun, and it is told until when', async () => {
  const strict = await world.start({ FAILED_TRAININGS_PER_DAY: '2' }, { resolveHost: publicHost })
  const { uid, token } = await world.signIn()
  const failed = async (amount: number) => {
    const run = { amount, at: Timestamp.fromMillis(clockMs - 3_600_000) }
    await usageRef(world.db, uid).set({ failedRuns: { trainings: { one: run } } })
  }
  const begin = () => strict.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', zipUrl } })
  await failed(1)
  expect((await begin()).status).toBe(202)
  await failed(2)
  const refused = await begin()
  expect([refused.status, refused.body.error.code]).toEqual([429, 'quota.failed-runs'])
  expect(refused.headers.get('retry-after')).toBe(String(23 * 3600))
  expect((await readUsage(null, world.db, uid)).quotas.trainings).toEqual({})
})

test.each(['REPLICATE_API_TOKEN', 'REPLICATE_OWNER', 'REPLICATE_WEBHOOK_URL'])(
  'without %s nothing is trained or generated, and nothing is counted',
  async (name) => {
    const without = await world.start({ [name]: '' })
    const { uid, token } = await world.signIn()
    const training = await without.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', zipUrl } })
    const generation = await without.call({ token, path: '/api/generations', body: { modelId: 'm', prompt: 'p' } })
    for (const { status, body } of [training, generation]) {
      expect([status, body.error.code]).toEqual([503, 'training.not-configured'])
    }
    expect((await readUsage(null, world.db, uid)).quotas.trainings).toEqual({})
  },
)

test('a queue that does not answer fails no request: the reconciler finds the job', async () => {
  const alone = await world.start({ TASKS_BASE_URL: 'http://127.0.0.1:1' }, { resolveHost: publicHost })
  const { token } = await world.signIn()
  const answer = await alone.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', zipUrl } })
  expect(answer.status).toBe(202)
  expect(alone.log.messages()).toContain('A job was recorded but could not be woken; the reconciler will.')
  const job = await jobRef(world.db, jobId(trainingStartNames.key({ trainingId: answer.body.training.id }))).get()
  expect(job.get('dueAt').toMillis()).toBe(clockMs + taskSilenceMs)
})

test('trainings are listed newest first, page by page, each once, and only one’s own', async () => {
  const free = await world.start({ TRAININGS_PER_DAY: '0' }, { resolveHost: publicHost })
  const { token } = await world.signIn()
  const ids: string[] = []
  // All in one moment of the clock but the last: pages go by id where the time is the same.
  for (let count = 0; count < 5; count++) {
    if (count === 4) clockMs += 1
    const { body } = await free.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', zipUrl } })
    ids.push(body.training.id)
  }
  const pages: string[][] = []
  let next: string | null = null
  do {
    const cursor: string = next === null ? '' : `&before=${encodeURIComponent(next)}`
    const { body } = await free.call({ token, path: `/api/trainings?limit=2${cursor}` })
    pages.push(body.trainings.map(({ id }: { id: string }) => id))
    next = body.next
  } while (next !== null)
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
  expect(pages.flat()).toEqual([ids[4], ...ids.slice(0, 4).toSorted().toReversed()])
  const stranger = await world.signIn()
  expect((await free.call({ token: stranger.token, path: '/api/trainings' })).body).toEqual({
    trainings: [],
    next: null,
  })
  for (const before of ['x', '1.2', '1.2.A', '1.2.a/b']) {
    expect((await free.call({ token, path: `/api/trainings?before=${before}` })).status).toBe(422)
  }
})

test('a training is its owner’s and the operators’; others learn nothing', async () => {
  const { token } = await world.signIn()
  const { id } = (await train(token, { zipUrl })).body.training
  const stranger = await world.signIn()
  const operator = await world.identity.mintUser({
    projectId: 'charaforge-local',
    uid: 'op',
    claims: { operator: true },
  })
  for (const path of [`/api/trainings/${id}`, `/api/trainings/${id}/cancel`]) {
    const method = path.endsWith('cancel') ? 'POST' : 'GET'
    const refused = await api.call({ token: stranger.token, method, path })
    const unknown = await api.call({ token: stranger.token, method, path: path.replace(id, 'aaaaaaaaaaaaaaaaaaaa') })
    expect([refused.status, refused.body.error.code]).toEqual([404, 'training.not-found'])
    expect(refused.body.error.message.replace(id, '')).toBe(unknown.body.error.message.replace(/a{20}/, ''))
  }
  expect((await api.call({ token: operator, path: `/api/trainings/${id}` })).body.training.id).toBe(id)
})

test('a finished training shows its model', async () => {
  const { uid, token } = await world.signIn()
  const { id } = (await train(token, { zipUrl })).body.training
  await world.db.doc(`trainings/${id}`).update({ status: 'succeeded', modelId: id, finishedAt: Timestamp.now() })
  await world.db.doc(`models/${id}`).set({
    userId: uid,
    trainingId: id,
    name: 'Ana',
    type: 'woman',
    triggerWord: 'ohwx',
    replicate_model_id: 'owner/ana',
    replicate_version_id: 'f'.repeat(64),
    baseModel: 'FLUX.1-dev',
    gcsUri: `gs://models/trained/${uid}/${id}/lora.safetensors`,
    sha256: 'a'.repeat(64),
    sizeBytes: 123,
    createdAt: Timestamp.now(),
  })
  const { body } = await api.call({ token, path: `/api/trainings/${id}` })
  expect(body.training).toMatchObject({
    status: 'succeeded',
    model: { id, replicate_model_id: 'owner/ana', sha256: 'a'.repeat(64), sizeBytes: 123 },
  })
  const late = await api.call({ token, method: 'POST', path: `/api/trainings/${id}/cancel` })
  expect([late.status, late.body.error.code]).toEqual([409, 'training.over'])
})

test('a cancel is noted once and wakes the jobs that go on, each time that it is asked', async () => {
  const { token } = await world.signIn()
  const { id } = (await train(token, { zipUrl })).body.training
  const start = jobId(trainingStartNames.key({ trainingId: id }))
  const finish = newJob(world.db, {
    names: trainingFinishNames,
    input: { trainingId: id },
    deadlineMs: 1000,
    now: Timestamp.now(),
    dueAt: Timestamp.now(),
  })
  await runTransaction(world.db, async (transaction) => finish.writes(transaction))
  await jobRef(world.db, start).update({ state: 'done' })
  await world.tasks.idle()
  const before = world.woken.length
  const cancel = () => api.call({ token, method: 'POST', path: `/api/trainings/${id}/cancel` })
  const first = await cancel()
  clockMs += 5_000
  const second = await cancel()
  expect([first.status, second.status]).toEqual([202, 202])
  expect(second.body.training.cancelRequestedAt).toBe(first.body.training.cancelRequestedAt)
  await world.tasks.idle()
  const woken = world.woken.slice(before)
  expect(woken.length).toBeGreaterThan(0)
  // Only the finish: the start is done. It is replicate-webhook's.
  for (const url of woken) expect(url).toBe(`http://127.0.0.1:10/internal/jobs/${finish.id}`)
})
