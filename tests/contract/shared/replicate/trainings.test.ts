import { LOCAL_REPLICATE_TOKEN, LOCAL_WEBHOOK_SECRET } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import type { ReplicateOptions } from '#local/replicate/server.ts'
import { createHttpClient, type HttpClient, type HttpRequest } from '#shared/http/client.ts'
import { createReplicateClient, type ReplicateClient } from '#shared/replicate/client.ts'
import { findRun } from '#shared/replicate/find-run.ts'
import { parseModelName, parseModelVersion } from '#shared/replicate/model-version.ts'
import { readTrainingResult } from '#shared/replicate/training-result.ts'
import type { NewTraining } from '#shared/replicate/trainings.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { readWebhookSecret, verifyWebhook } from '#shared/replicate/webhook-signature.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { startReceiver } from '../../../support/receiver.ts'
import {
  destination,
  startTrainings,
  TRAINER,
  TRAINER_VERSION,
  type TrainingStandIn,
} from '../../../support/training-stand-in.ts'

const trainer = parseModelVersion(`${TRAINER}:${TRAINER_VERSION}`)!
const target = parseModelName(destination)!
const owner = { kind: 'training', jobId: 'train-7' } as const

let world: TrainingStandIn
let http: HttpClient
let sent: HttpRequest[]
let client: ReplicateClient
async function start(options: ReplicateOptions = {}): Promise<void> {
  world = await startTrainings(options)
  http = createHttpClient()
  sent = []
  client = clientOf({ apiToken: LOCAL_REPLICATE_TOKEN })
}
function clientOf({ apiToken, baseUrl = `${world.url}/v1` }: { apiToken: string; baseUrl?: string }): ReplicateClient {
  return createReplicateClient({
    http: {
      ...http,
      request(request) {
        sent.push(request)
        return http.request(request)
      },
    },
    baseUrl,
    apiToken: () => apiToken,
    timeouts: { headersMs: 300 },
    now: () => world.clock.now(),
  })
}
afterEach(async () => {
  world.assertAllFired()
  http.close()
  await world.close()
})

const training = (rest: Partial<NewTraining> = {}): NewTraining => ({
  trainer,
  destination: target,
  input: { input_images: world.datasetUrl, trigger_word: 'TOK', steps: 100, lora_rank: 2 },
  ...rest,
})
const created = async (rest?: Partial<NewTraining>) => {
  const outcome = await client.trainings.create(training(rest))
  if (outcome.outcome !== 'created') throw outcome.error
  return outcome.run
}
const failure = async (work: Promise<unknown>) =>
  await work.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error,
  )
const creations = () => world.requests.filter(({ endpoint }) => endpoint === 'train')

test('a training is created, read and canceled by its id', async () => {
  await start()
  const run = await created()
  expect(run).toMatchObject({ status: 'starting', output: null, model: TRAINER, version: TRAINER_VERSION })
  expect(await client.trainings.get(run.id)).toMatchObject({ id: run.id, status: 'starting', createdAt: run.createdAt })
  expect(await client.trainings.cancel(run.id)).toMatchObject({ id: run.id, status: 'canceled', predictSeconds: 3e-6 })
  expect(sent.map(({ method, url }) => `${method} ${String(url).slice(world.url.length)}`)).toEqual([
    `POST /v1/models/${TRAINER}/versions/${TRAINER_VERSION}/trainings`,
    `GET /v1/trainings/${run.id}`,
    `POST /v1/trainings/${run.id}/cancel`,
  ])
})

test('its end comes signed to our URL, says whose it is, and leads to a version and weights', async () => {
  await start()
  const receiver = await startReceiver()
  const webhook = { url: webhookUrl(receiver.url, owner), events: ['completed'] as const }
  const { id } = await created({ webhook })
  await world.finish(id)
  await world.webhooksSent()
  const [request] = receiver.received
  const keys = [readWebhookSecret(LOCAL_WEBHOOK_SECRET)!]
  const { headers, body, url } = request!
  expect(verifyWebhook({ headers, body, keys, nowMs: world.clock.now() })).toMatchObject({ isValid: true })
  expect(url).toBe('/webhooks/replicate/train-7?kind=training')
  const update = readWebhookBody(body)
  expect(update).toMatchObject({ id, status: 'succeeded', owner, kind: 'training', predictSeconds: expect.any(Number) })
  const { version, weightsUrl } = readTrainingResult(update.output, target)
  expect(version).toEqual({ ...target, versionId: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const located = await client.outputs.locate(weightsUrl!)
  expect(located.headers).toEqual({ authorization: `Bearer ${LOCAL_REPLICATE_TOKEN}` })
  const archive = await client.outputs.download(located.url, { maxBytes: 1e6 })
  expect(archive).toMatchObject({ contentType: 'application/x-tar' })
  expect(await failure(client.outputs.locate('https://example.com/trained_model.tar'))).toMatchObject({
    code: 'replicate.bad-output',
  })
  await receiver.close()
})

describe('a creation whose answer is lost', () => {
  test.each<[name: string, fault: ReplicateFault, code: string, isCreated: boolean]>([
    ['on the way back', { kind: 'lost-answer' }, 'replicate.answer-lost', true],
    ['in the middle', { kind: 'cut-body' }, 'replicate.answer-lost', true],
    ['on the way there', { kind: 'reset' }, 'replicate.answer-lost', false],
    ['by time', { kind: 'hang' }, 'replicate.answer-lost', false],
    ['behind a gateway', { kind: 'status', status: 502, html: true }, 'replicate.answer-lost', false],
    ['in a fault of the service', { kind: 'status', status: 500 }, 'replicate.unavailable', false],
    ['in an outage', { kind: 'status', status: 503 }, 'replicate.unavailable', false],
    ['in a page with a good status', { kind: 'html' }, 'replicate.bad-answer', false],
    ['in JSON without an id', { kind: 'json' }, 'replicate.bad-answer', false],
  ])('%s is unknown, and was asked for once', async (_name, fault, code, isCreated) => {
    await start()
    world.inject({ fault, times: 1, endpoint: 'train' })
    const outcome = await client.trainings.create(training())
    expect(outcome).toMatchObject({ outcome: 'create-unknown', error: { code } })
    expect(creations().map(({ charged }) => charged)).toEqual([isCreated])
  })

  test('by our own shutdown is unknown too; one that was not begun is not', async () => {
    await start()
    world.inject({ fault: { kind: 'delay', ms: 200 }, times: 1, endpoint: 'train' })
    const stop = new AbortController()
    const creating = client.trainings.create(training({ signal: stop.signal }))
    setTimeout(() => stop.abort(new Error('shutdown')), 50)
    expect(await creating).toMatchObject({ outcome: 'create-unknown', error: { code: 'replicate.answer-lost' } })
    await expect(client.trainings.create(training({ signal: stop.signal }))).rejects.toThrow('shutdown')
    expect(sent).toHaveLength(1)
    // The stand-in still works on the first.
    while (creations()[0]?.fault !== 'delay') await new Promise((resolve) => setTimeout(resolve, 10))
  })

  test.each([true, false])(
    'is found in the list once it is there, where lists show webhooks: %s',
    async (showsWebhooks) => {
      await start({ showsWebhooks })
      const input = { input_images: 'http://127.0.0.1:9/training-zips/u1/train-7.zip?X-Goog-Signature=x' }
      const webhook = { url: webhookUrl('https://hooks.example.test', owner) }
      const since = new Date(world.clock.now())
      await created({ webhook: { url: webhookUrl('https://hooks.example.test', { ...owner, jobId: 'train-6' }) } })
      world.inject({ fault: { kind: 'lost-answer', listed: 30 }, times: 1, endpoint: 'train' })
      expect(await client.trainings.create(training({ input, webhook }))).toMatchObject({ outcome: 'create-unknown' })
      await created()
      const find = () => findRun(client.trainings.list(), { owner, since })
      expect(await find()).toBeNull()
      world.clock.advance(30_000)
      expect(await find()).toMatchObject({ id: creations()[1]?.runId, status: expect.any(String) })
      expect(creations()).toHaveLength(3)
    },
  )

  test('and that is never listed is not found', async () => {
    await start()
    world.inject({ fault: { kind: 'lost-answer', listed: 'never' }, times: 1, endpoint: 'train' })
    const since = new Date(world.clock.now())
    await client.trainings.create(training({ webhook: { url: webhookUrl('https://hooks.example.test', owner) } }))
    world.clock.advance(600_000)
    expect(await findRun(client.trainings.list(), { owner, since })).toBeNull()
  })
})

describe('a creation that is refused throws, for nothing was created:', () => {
  const status = (status: number, body: Record<string, unknown> = {}): ReplicateFault => ({
    kind: 'status',
    status,
    body,
  })
  test.each<[name: string, code: string, retryable: boolean, create: () => Promise<unknown>]>([
    [
      'no credit',
      'replicate.no-credit',
      false,
      () => {
        world.inject({ fault: status(402), times: 1, endpoint: 'train' })
        return created()
      },
    ],
    [
      'a destination that is not there',
      'replicate.no-destination',
      false,
      () => created({ destination: { ...target, name: 'nothing' } }),
    ],
    [
      'a trainer that is not there',
      'replicate.not-found',
      false,
      () => created({ trainer: { ...trainer, name: 'nothing' } }),
    ],
    [
      'a version that is not there',
      'replicate.refused',
      false,
      () => created({ trainer: { ...trainer, versionId: 'f'.repeat(64) } }),
    ],
    ['a wrong token', 'replicate.denied', false, () => clientOf({ apiToken: 'r8_x' }).trainings.create(training())],
    [
      'nobody there',
      'replicate.unreachable',
      true,
      () =>
        clientOf({ apiToken: LOCAL_REPLICATE_TOKEN, baseUrl: 'http://127.0.0.1:9/v1' }).trainings.create(training()),
    ],
  ])('%s', async (_name, code, retryable, create) => {
    await start()
    expect(await failure(create())).toMatchObject({ code, retryable })
    expect(creations().filter(({ charged }) => charged)).toEqual([])
  })

  test('bad input, with the fields', async () => {
    await start()
    const input = { input_images: 'x', resolution: 512, steps: 2 }
    expect(await failure(created({ input }))).toMatchObject({
      code: 'replicate.refused',
      facts: {
        invalidFields: ['input.input_images', 'input.steps', 'input.resolution'],
        said: expect.stringContaining('Must be greater than or equal to 3'),
      },
    })
  })

  test('too many requests, with the time', async () => {
    await start()
    world.inject({ fault: status(429, { retry_after: 7 }), times: 1, endpoint: 'train' })
    expect(await failure(created())).toMatchObject({
      code: 'replicate.rate-limited',
      retryable: true,
      retryAt: new Date(world.clock.now() + 7000),
    })
  })
})

describe('lists', () => {
  test('are read to their end, a request for each hundred, and no further than asked', async () => {
    await start()
    const ids: string[] = []
    for (let count = 0; count < 201; count++) ids.unshift(String((await world.train()).id))
    const listed: string[] = []
    for await (const run of client.trainings.list()) listed.push(run.id)
    expect(listed).toEqual(ids)
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['', '?cursor=100', '?cursor=200'])
    for await (const run of client.trainings.list()) if (run.id === ids[5]) break
    expect(sent).toHaveLength(4)
    expect(await client.predictions.list().next()).toMatchObject({ done: true })
  })

  test('send the token nowhere else, leave out what is no run, and do not turn in circles', async () => {
    await start()
    const page = {
      next: 'https://elsewhere.example.test/v1/trainings?cursor=abc',
      results: [{ id: 'a', status: 'starting' }, { id: 7 }, null, { id: 'b', status: 'queued' }],
    }
    const client = createReplicateClient({
      http: {
        ...http,
        async request(request) {
          sent.push(request)
          return { json: async () => page } as never
        },
      },
      baseUrl: 'https://api.replicate.com/v1',
      apiToken: () => 'r8_x',
    })
    const listed: string[] = []
    for await (const { id, status } of client.trainings.list()) listed.push(`${id} ${status}`)
    expect(listed).toEqual(['a starting', 'b unknown', 'a starting', 'b unknown'])
    expect(sent.map(({ url }) => String(url))).toEqual([
      'https://api.replicate.com/v1/trainings',
      'https://api.replicate.com/v1/trainings?cursor=abc',
    ])
  })
})

test('the secret of the webhooks is read anew after a rotation, and one that signs nothing is not taken', async () => {
  await start()
  expect(await client.webhookSecrets.get()).toBe(LOCAL_WEBHOOK_SECRET)
  const next = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  world.rotateWebhookSecret(next)
  expect(await client.webhookSecrets.get()).toBe(next)
  world.rotateWebhookSecret('whsec_')
  expect(await failure(client.webhookSecrets.get())).toMatchObject({ code: 'replicate.bad-answer' })
})

test('a prediction with a webhook is told at our URL, and found in its list', async () => {
  await start({ queueMs: 0, runMs: 0 })
  const receiver = await startReceiver()
  const { version } = readTrainingResult((await world.finish((await created()).id)).output, target)
  const sample = { kind: 'prediction', jobId: 'gen-3' } as const
  const { id } = await client.predictions.create({
    version: `${version?.owner}/${version?.name}:${version?.versionId}`,
    input: { prompt: 'a photo of TOK' },
    waitSeconds: 20,
    webhook: { url: webhookUrl(receiver.url, sample), events: ['completed'] },
  })
  await world.webhooksSent()
  expect(readWebhookBody(receiver.received[0]!.body)).toMatchObject({ id, owner: sample, kind: 'prediction' })
  const since = new Date(world.clock.now())
  expect(await findRun(client.predictions.list(), { owner: sample, since })).toMatchObject({ id })
  await receiver.close()
})
