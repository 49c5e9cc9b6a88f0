import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signedHeaders } from '#local/replicate/webhooks/webhook-signing.ts'
import { loadConfig } from '#shared/config/load.ts'
import { createWebhookVerifier, type WebhookVerifier } from '#shared/replicate/webhook-verifier.ts'
import { createApp } from '#shared/server/create-app.ts'
import { openVerifier, rotatingVerifier } from '../../../../services/replicate-webhook/deliveries/open-verifier.ts'
import type { Delivery } from '../../../../services/replicate-webhook/deliveries/record-delivery.ts'
import { webhookRoutes } from '../../../../services/replicate-webhook/deliveries/webhook-routes.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { type ServedApp, serveApp } from '../../../support/serve-app.ts'
import { startTrainings } from '../../../support/training-stand-in.ts'

interface Vector {
  name: string
  expect: 'valid' | 'invalid'
  secret: string
  /** Unix seconds. */
  now: number
  headers: Record<string, string>
  body: string
}
const { cases }: { cases: Vector[] } = JSON.parse(
  readFileSync('tests/fixtures/replicate/signature-vectors.json', 'utf8'),
)

const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const another = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const webhook = 'https://hooks.example.com/webhooks/replicate/abc?kind=training'
const run = { id: 'r1', status: 'succeeded', completed_at: '2026-05-01T11:59:59Z', logs: '<50%> & on', webhook }
const body = Buffer.from(JSON.stringify(run).replaceAll('<', '\\u003c'))
const nowMs = Date.parse('2026-05-01T12:00:00Z')

let verifier: WebhookVerifier
let taken: Delivery[]
const log = captureLog()
let server: ServedApp
beforeAll(async () => {
  const app = createApp({
    logger: log.logger,
    projectId: 'test-project',
    bodyLimitBytes: 1024 * 1024,
    routes: (routes) =>
      webhookRoutes(routes, {
        verifier: { verify: (delivery) => verifier.verify(delivery) },
        loadJobs: async () => ({
          async take(delivery) {
            taken.push(delivery)
            return { news: true, followUp: 'owner woken' }
          },
        }),
        now: () => new Date(nowMs),
      }),
  })
  server = await serveApp(app)
})
afterAll(() => server.close())
beforeEach(() => {
  taken = []
  log.entries.length = 0
  verifier = createWebhookVerifier({ secrets: [secret], fetchSecret: null, now: () => nowMs })
})

const post = async (headers: Record<string, string>, content: Buffer = body, path = '/webhooks/replicate/abc') => {
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: new Uint8Array(content) })
  const text = await answer.text()
  return { status: answer.status, code: text === '' ? null : JSON.parse(text).error.code }
}
const signed = (content: Buffer = body, atMs = nowMs, key = secret) =>
  signedHeaders({ id: 'msg_1', body: content, atMs, secret: key })

test.each(cases.map((vector) => [vector.name, vector.expect, vector] as const))(
  'over HTTP the delivery %s is %s',
  async (_name, expected, vector) => {
    verifier = createWebhookVerifier({ secrets: [vector.secret], fetchSecret: null, now: () => vector.now * 1000 })
    const { status } = await post({ 'content-type': 'application/json', ...vector.headers }, Buffer.from(vector.body))
    // A body that is no run is told from a signature that is not right.
    expect(expected === 'valid' ? [200, 400] : [401]).toContain(status)
    if (expected === 'invalid') expect(taken).toEqual([])
  },
)

test('the table has deliveries of both kinds', () => {
  expect(new Set(cases.map((one) => one.expect))).toEqual(new Set(['valid', 'invalid']))
})

test('a good delivery is taken as it was signed, and answered with 200', async () => {
  expect(await post(signed(), body, '/webhooks/replicate/abc?kind=training')).toEqual({ status: 200, code: null })
  expect(taken).toMatchObject([
    {
      update: { id: 'r1', status: 'succeeded', logsTail: '<50%> & on', owner: { kind: 'training', jobId: 'abc' } },
      addressed: { kind: 'training', jobId: 'abc' },
    },
  ])
  const line = log.entries.find(({ event }) => event === 'replicate-webhook')
  expect(line).toMatchObject({ webhookId: 'msg_1', runId: 'r1', followUp: 'owner woken', latencyMs: 1000 })
  expect(JSON.stringify(log.entries)).not.toContain('hooks.example.com')
})

test.each([
  ['/webhooks/replicate?job=abc&kind=training', { kind: 'training', jobId: 'abc' }],
  ['/webhooks/replicate/abc.0?kind=prediction', { kind: 'prediction', jobId: 'abc.0' }],
  ['/webhooks/replicate/abc', { kind: 'training', jobId: 'abc' }],
  ['/webhooks/replicate', null],
  ['/webhooks/replicate?job=a&job=b&kind=training', null],
])('the URL %s names %j', async (path, addressed) => {
  expect((await post(signed(), body, path)).status).toBe(200)
  expect(taken[0]?.addressed).toEqual(addressed)
})

test.each<[what: string, headers: Record<string, string>]>([
  ['no headers', {}],
  ['an empty id', { ...signed(), 'webhook-id': '' }],
  ['a timestamp that is none', { ...signed(), 'webhook-timestamp': '1e9' }],
  ['a timestamp before everything', { ...signed(), 'webhook-timestamp': '-1' }],
  [
    'a signature of another version',
    { ...signed(), 'webhook-signature': signed()['webhook-signature']!.replace('v1,', 'v2,') },
  ],
  ['a signature that is no base64', { ...signed(), 'webhook-signature': 'v1,%%%' }],
  ['a signature that is far too long', { ...signed(), 'webhook-signature': `v1,${'A'.repeat(10_000)}` }],
  ['bytes beyond ASCII', { ...signed(), 'webhook-id': 'm\u00e9' }],
])('%s is answered with 401 and changes nothing', async (_what, headers) => {
  expect(await post(headers)).toEqual({ status: 401, code: 'webhook.unverified' })
  expect(taken).toEqual([])
})

test('the same bytes are refused more than five minutes later, and before their time', async () => {
  for (const [shiftMs, status] of [
    [-299_000, 200],
    [-301_000, 401],
    [299_000, 200],
    [301_000, 401],
  ] as const) {
    expect((await post(signed(body, nowMs + shiftMs))).status).toBe(status)
  }
  expect(taken).toHaveLength(2)
})

test('a body above 1 MiB is refused with 413 before it is looked at', async () => {
  const large = Buffer.alloc(1024 * 1024 + 1, ' ')
  expect(await post(signed(large), large)).toEqual({ status: 413, code: 'request.too-large' })
  const just = Buffer.concat([body, Buffer.alloc(1024 * 1024 - body.byteLength, ' ')])
  expect((await post(signed(just), just)).status).toBe(200)
  expect(taken).toHaveLength(1)
})

test.each(['{"id":', '[]', 'null', '', '{"status":"succeeded"}', '{"id":"../x","status":"succeeded"}', '{"id":"r1"}'])(
  'a signed body that is no run (%j) is answered with 400',
  async (text) => {
    const content = Buffer.from(text)
    expect(await post(signed(content), content)).toEqual({ status: 400, code: 'webhook.bad-body' })
    expect(taken).toEqual([])
  },
)

describe('secrets', () => {
  test('two are good during a rotation, and the old one no longer after it', async () => {
    let text = another
    verifier = rotatingVerifier({ get: async () => text }, () => nowMs)
    expect((await post(signed())).status).toBe(401)
    text = `${another}, ${secret}`
    expect((await post(signed())).status).toBe(200)
    expect((await post(signed(body, nowMs, another))).status).toBe(200)
    text = secret
    expect((await post(signed(body, nowMs, another))).status).toBe(401)
  })

  test('are read from a mounted file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secret-'))
    try {
      await writeFile(join(folder, 'secrets'), `${another},${secret}\n`)
      verifier = openVerifier(contextOf({ REPLICATE_WEBHOOK_SECRETS_FILE: join(folder, 'secrets') }))
      expect((await post(signed(body, Date.now()))).status).toBe(200)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test("without any are the account's own, and a changed one is noticed", async () => {
    const standIn = await startTrainings({ webhookSecret: another })
    const context = contextOf({
      REPLICATE_BASE_URL: `${standIn.url}/v1`,
      FETCH_ALLOW_HOSTS: new URL(standIn.url).host,
    })
    try {
      verifier = openVerifier(context)
      expect((await post(signed(body, Date.now()))).status).toBe(401)
      expect((await post(signed(body, Date.now(), another))).status).toBe(200)
    } finally {
      await context.close()
      await standIn.close()
    }
  })

  test.each([
    ['that cannot be had from Replicate', {}],
    ['that cannot be asked for without a token', { REPLICATE_API_TOKEN: '' }],
  ])('%s make it 503', async (_what, env) => {
    const context = contextOf({ REPLICATE_BASE_URL: 'http://127.0.0.1:9/v1', FETCH_ALLOW_HOSTS: '127.0.0.1:9', ...env })
    verifier = openVerifier(context)
    expect(await post(signed(body, Date.now()))).toEqual({ status: 503, code: 'webhook.no-key' })
    expect(taken).toEqual([])
    await context.close()
  })

  test('whose file is gone make it 503', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secret-'))
    await writeFile(join(folder, 'secrets'), secret)
    verifier = openVerifier(contextOf({ REPLICATE_WEBHOOK_SECRETS_FILE: join(folder, 'secrets') }))
    await rm(folder, { recursive: true })
    expect(await post(signed(body, Date.now()))).toEqual({ status: 503, code: 'webhook.no-key' })
    expect(taken).toEqual([])
  })
})

/** What the verifier needs of a service: its configuration, and a place to leave what must be closed. */
function contextOf(env: Record<string, string>) {
  const config = loadConfig('replicate-webhook', {
    GOOGLE_CLOUD_PROJECT: 'test-project',
    STORAGE_BUCKET: 'app-bucket',
    REPLICATE_API_TOKEN: 'r8_local-replicate-token',
    ...env,
  })
  const closing: (() => Promise<void> | void)[] = []
  return {
    config,
    onShutdown: (_name: string, close: () => Promise<void> | void) => void closing.push(close),
    close: async () => {
      for (const close of closing) await close()
    },
  }
}
