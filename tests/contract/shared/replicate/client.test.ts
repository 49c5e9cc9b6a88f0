import { readFileSync } from 'node:fs'
import { createManualClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import {
  type ReplicateStandIn,
  type ReplicateOptions as StandInOptions,
  startReplicate,
} from '#local/replicate/server.ts'
import { createHttpClient, type HttpClient, type HttpRequest } from '#shared/http/client.ts'
import { createReplicateClient, type ReplicateClient } from '#shared/replicate/client.ts'
import { toDataUrl } from '#shared/replicate/data-url.ts'
import type { ReplicateError } from '#shared/replicate/replicate-error.ts'
import { discPicture } from '../../services/image-worker/providers/pictures.ts'

const ESRGAN = '42fed1c4974146d4d2414e2be2c5277c7fcf05fcc3a73abf41610695738c1d7b'
const picture = await discPicture(12, 8)
const input = { image: toDataUrl(picture.bytes, 'image/png'), scale: 2 }

let standIn: ReplicateStandIn
let http: HttpClient
let sent: HttpRequest[]
let client: ReplicateClient
async function start(options: StandInOptions = {}): Promise<void> {
  standIn = await startReplicate({ queueMs: 0, runMs: 5, ...options })
  http = createHttpClient()
  sent = []
  client = createReplicateClient({
    http: {
      ...http,
      request(request) {
        sent.push(request)
        return http.request(request)
      },
    },
    baseUrl: `${standIn.url}/v1`,
    apiToken: () => LOCAL_REPLICATE_TOKEN,
  })
}
afterEach(async () => {
  standIn.assertAllFired()
  http.close()
  await standIn.close()
})

async function failure(work: Promise<unknown>): Promise<ReplicateError> {
  return await work.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error,
  )
}

test('a held creation brings the result, which is downloaded at once', async () => {
  await start()
  const prediction = await client.predictions.create({ version: ESRGAN, input, waitSeconds: 60 })
  expect(prediction).toMatchObject({ status: 'succeeded', error: null, isDataRemoved: false })
  expect(prediction.predictSeconds).toBeGreaterThan(0)
  const file = await client.outputs.download(String(prediction.output), { maxBytes: 1e6 })
  expect(file.contentType).toBe('image/png')
  expect(file.bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(sent[0]).toMatchObject({ headers: { prefer: 'wait=60' } })
})

test('a creation that is not held is read and canceled by its id', async () => {
  await start({ queueMs: 60_000, clock: createManualClock(0) })
  const created = await client.predictions.create({ version: ESRGAN, input, cancelAfterSeconds: 90 })
  expect(created).toMatchObject({ status: 'starting', output: null, predictSeconds: null })
  expect(sent[0]?.headers).toMatchObject({ 'cancel-after': '90s' })
  expect(sent[0]?.headers).not.toHaveProperty('prefer')
  expect(await client.predictions.get(created.id)).toEqual(created)
  expect(await client.predictions.cancel(created.id)).toMatchObject({ id: created.id, status: 'aborted' })
})

test('an upload is an input of a run until it is removed', async () => {
  await start()
  const file = await client.files.upload({ bytes: picture.bytes, contentType: 'image/png', fileName: 'a.png' })
  const run = { version: ESRGAN, input: { image: file.url, scale: 2 }, waitSeconds: 60 }
  expect(await client.predictions.create(run)).toMatchObject({ status: 'succeeded' })
  await client.files.remove(file.id)
  expect(await client.predictions.create(run)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('404'),
  })
  expect(await failure(client.files.remove(file.id))).toMatchObject({ code: 'replicate.not-found', retryable: false })
})

test('an output is there for an hour', async () => {
  const clock = createManualClock(0)
  await start({ clock, queueMs: 0, runMs: 0 })
  const { id, output } = await client.predictions.create({ version: ESRGAN, input, waitSeconds: 60 })
  clock.advance(3_600_000)
  const gone = await failure(client.outputs.download(String(output), { maxBytes: 1e6 }))
  expect(gone).toMatchObject({ code: 'replicate.output-gone', retryable: false })
  expect(await client.predictions.get(id)).toMatchObject({ status: 'succeeded', output: null, isDataRemoved: true })
})

test('no request is ever repeated, and one whose answer is lost may have been carried out', async () => {
  await start()
  standIn.inject({ fault: { kind: 'lost-answer' }, times: 1, endpoint: 'create' })
  const error = await failure(client.predictions.create({ version: ESRGAN, input }))
  expect(error).toMatchObject({ code: 'replicate.answer-lost', retryable: true, delivery: 'unknown' })
  expect(standIn.requests).toMatchObject([{ endpoint: 'create', charged: true }])
})

test.each([
  'http://169.254.169.254/latest',
  'https://example.com/out.png',
  'https://replicate.delivery.example.com/out.png',
  'https://notreplicate.delivery/out.png',
  'http://replicate.delivery/out.png',
  'file:///etc/passwd',
  'no url',
  'data:image/png,not-base64',
])('an output at %s is not fetched, and the token not shown to it', async (url) => {
  await start()
  const error = await failure(client.outputs.download(url, { maxBytes: 1e6 }))
  expect(error).toMatchObject({ code: 'replicate.bad-output', retryable: false })
  expect(sent).toEqual([])
})

test.each(['https://replicate.delivery/pbxt/a/out.png', 'https://pbxt.replicate.delivery/a/out.png'])(
  'an output at %s is asked for with the token',
  async (url) => {
    await start()
    const stop = new AbortController()
    const client = createReplicateClient({
      http: {
        ...http,
        async request(request) {
          sent.push(request)
          throw stop.signal.reason
        },
      },
      baseUrl: `${standIn.url}/v1`,
      apiToken: () => 'r8_x',
    })
    stop.abort(new Error('far enough'))
    await expect(client.outputs.download(url, { maxBytes: 1 })).rejects.toThrow('far enough')
    expect(sent).toMatchObject([{ headers: { authorization: 'Bearer r8_x' } }])
  },
)

test('an output that is larger than allowed is not taken, whether it comes by wire or in the object', async () => {
  await start()
  const { output } = await client.predictions.create({ version: ESRGAN, input, waitSeconds: 60 })
  for (const url of [String(output), input.image]) {
    expect(await failure(client.outputs.download(url, { maxBytes: 20 }))).toMatchObject({
      code: 'replicate.bad-output',
    })
  }
})

// What the service was seen to answer, through the whole client.
interface Recorded {
  case?: string
  origin: string
  request: { method: string; url: string }
  response: { status: number; headers: Record<string, string>; body: unknown }
}
const recorded = ['predictions.recorded.json', 'prediction-lifecycle.recorded.json'].flatMap(
  (name) => JSON.parse(readFileSync(`tests/fixtures/replicate/${name}`, 'utf8')) as Recorded[],
)

test.each(
  recorded.filter(({ response }) => response.status < 300).map((one) => [one.case ?? one.origin, one] as const),
)('reads the recorded answer %s', async (_name, { request, response }) => {
  await start()
  standIn.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'get' })
  await fetch(`${standIn.url}/v1/predictions/x`)
  const body = response.body as Record<string, unknown>
  const replaying = createReplicateClient({
    http: { ...http, request: async () => ({ status: response.status, json: async () => body }) as never },
    baseUrl: 'https://api.replicate.com/v1',
    apiToken: () => 'r8_x',
  })
  const { predictions } = replaying
  const prediction = request.url.endsWith('/cancel')
    ? await predictions.cancel('x')
    : request.method === 'POST'
      ? await predictions.create({ version: 'x', input: {} })
      : await predictions.get('x')
  expect(prediction).toMatchObject({ id: body.id, status: body.status, output: body.output ?? null, error: null })
  const { predict_time = null } = (body.metrics ?? {}) as { predict_time?: number }
  expect(prediction.predictSeconds).toBe(predict_time)
})

test('reads a recorded upload, and a payload that was sent to a webhook, which is the object of a read', async () => {
  await start()
  const others = JSON.parse(readFileSync('tests/fixtures/replicate/other.recorded.json', 'utf8')) as Recorded[]
  const upload = others.find((one) => one.case === 'file-create-201')!.response.body as { id: string }
  const file = { bytes: picture.bytes, contentType: 'image/png', fileName: 'a.png' }
  expect(await replaying(upload).files.upload(file)).toEqual({
    id: upload.id,
    url: `https://api.replicate.com/v1/files/${upload.id}`,
  })
  const payload = JSON.parse(readFileSync('tests/fixtures/replicate/webhook.prediction-succeeded.json', 'utf8'))
  expect(await replaying(payload).predictions.get(payload.id)).toEqual({
    id: payload.id,
    status: 'succeeded',
    output: payload.output,
    error: null,
    predictSeconds: 5.247161016,
    isDataRemoved: false,
    model: 'black-forest-labs/flux-kontext-pro',
    version: 'hidden',
    input: payload.input,
    logsTail: payload.logs,
    createdAt: new Date('2025-06-08T12:06:15.127Z'),
    startedAt: new Date('2025-06-08T12:06:15.136Z'),
    completedAt: new Date('2025-06-08T12:06:20.383Z'),
    webhookUrl: payload.webhook,
  })
})

/** A client whose every request is answered with the given body. */
function replaying(body: unknown): ReplicateClient {
  return createReplicateClient({
    http: { ...http, request: async () => ({ json: async () => body }) as never },
    baseUrl: 'https://api.replicate.com/v1',
    apiToken: () => 'r8_x',
  })
}

const refusals = JSON.parse(readFileSync('tests/fixtures/replicate/errors.json', 'utf8')) as {
  case: string
  status: number
  body: Record<string, unknown>
}[]
const CODES: Record<string, [code: string, retryable: boolean]> = {
  '401-invalid-token': ['replicate.denied', false],
  '402-insufficient-credit': ['replicate.no-credit', false],
  '404-training-destination': ['replicate.not-found', false],
  '422-input': ['replicate.refused', false],
  '429-throttled': ['replicate.rate-limited', true],
  '429-low-credit': ['replicate.rate-limited', true],
}

test.each(refusals.map((one) => [one.case, one] as const))('tells the recorded refusal %s', async (name, one) => {
  await start()
  // The fault's own fields are taken away where the recorded body has none.
  const body = { status: undefined, ...one.body }
  standIn.inject({ fault: { kind: 'status', status: one.status, body }, times: 1, endpoint: 'create' })
  const error = await failure(client.predictions.create({ version: ESRGAN, input }))
  const [code, retryable] = CODES[name]!
  expect(error).toMatchObject({ code, retryable, delivery: 'answered' })
  expect(error.facts.said).toBe(String(one.body.detail).trim().slice(0, 300))
  if (name === '422-input') expect(error.facts.invalidFields).toEqual(['input.steps'])
})
