import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { createReplicateClient, type ReplicateClient } from '#shared/replicate/client.ts'
import { startTrainings, TRAINER, TRAINER_VERSION, type TrainingStandIn } from '../../../support/training-stand-in.ts'

let world: TrainingStandIn
let http: HttpClient
let client: ReplicateClient
beforeEach(async () => {
  world = await startTrainings()
  http = createHttpClient()
  client = createReplicateClient({ http, baseUrl: `${world.url}/v1`, apiToken: () => LOCAL_REPLICATE_TOKEN })
})
afterEach(async () => {
  world.assertAllFired()
  http.close()
  await world.close()
})

const owner = LOCAL_REPLICATE_OWNER
const hardware = 'gpu-t4'
const model = { owner, name: 'train-7', hardware }
const ours = { owner, name: 'train-7', isPrivate: true, latestVersionId: null }
const failWith = (fault: ReplicateFault, times = 1) => world.inject({ fault, times, endpoint: 'create-model' })
const asked = () => world.requests.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint.endsWith('model'))
const createByHand = (visibility: string) => world.send('POST', '/models', { ...model, visibility })

test('a model of anybody is read, and one that is not there is none', async () => {
  const [trainerOwner = '', name = ''] = TRAINER.split('/')
  const trainer = await client.models.get({ owner: trainerOwner, name })
  expect(trainer).toMatchObject({ owner: trainerOwner, name, isPrivate: false })
  expect(trainer?.latestVersionId).not.toBe(TRAINER_VERSION)
  expect(await client.models.get(model)).toBeNull()
})

test('a destination is made once, private, and may be asked for again', async () => {
  expect(await client.models.ensurePrivate({ ...model, description: 'Ours.' })).toEqual(ours)
  expect(await world.read(`/models/${owner}/train-7`)).toMatchObject({ visibility: 'private', description: 'Ours.' })
  expect(await client.models.ensurePrivate(model)).toEqual(ours)
  expect(asked().slice(-3)).toEqual(['get-model', 'create-model', 'get-model'])
})

test.each<[name: string, fault: ReplicateFault]>([
  ['its answer is lost', { kind: 'lost-answer' }],
  ['its answer is no JSON', { kind: 'cut-body' }],
])('a destination that was made is taken though %s', async (_name, fault) => {
  failWith(fault)
  expect(await client.models.ensurePrivate(model)).toEqual(ours)
})

test.each([400, 409, 422])(
  'a destination that is there is taken, by whatever status that is said (%d)',
  async (status) => {
    await createByHand('private')
    failWith({ kind: 'status', status })
    expect(await client.models.ensurePrivate(model)).toEqual(ours)
  },
)

test('a public model of the name is not ours to train to: its weights would be everybody’s', async () => {
  await createByHand('public')
  await expect(client.models.ensurePrivate(model)).rejects.toMatchObject({
    code: 'replicate.name-taken',
    retryable: false,
  })
})

test('a deleted model keeps its name: a conflict with nothing to see is final', async () => {
  failWith({ kind: 'status', status: 409 })
  await expect(client.models.ensurePrivate(model)).rejects.toMatchObject({
    code: 'replicate.name-taken',
    retryable: false,
  })
})

test.each<[fault: ReplicateFault, code: string, retryable: boolean]>([
  [{ kind: 'reset' }, 'replicate.answer-lost', true],
  [{ kind: 'status', status: 500 }, 'replicate.unavailable', true],
  [{ kind: 'status', status: 422 }, 'replicate.refused', false],
  [{ kind: 'status', status: 429, body: { retry_after: 3 } }, 'replicate.rate-limited', true],
])('a destination that was not made is a failure: %j', async (fault, code, retryable) => {
  failWith(fault)
  await expect(client.models.ensurePrivate(model)).rejects.toMatchObject({ code, retryable })
  // Control: the next try makes it.
  expect(await client.models.ensurePrivate(model)).toEqual(ours)
})

test('another owner is refused', async () => {
  await expect(client.models.ensurePrivate({ ...model, owner: 'somebody' })).rejects.toMatchObject({
    code: 'replicate.denied',
  })
})
