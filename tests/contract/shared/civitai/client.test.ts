import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { CIVITAI_USER_AGENT } from '#shared/civitai/call-api.ts'
import { civitaiRateRules, createCivitaiClient } from '#shared/civitai/client.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { HttpFinalError } from '#shared/http/http-error.ts'
import { createRateLimiter } from '#shared/http/rate-limiter.ts'
import { type CivitaiWorld, failure, NOW, openCivitaiWorld } from './world.ts'

let world: CivitaiWorld
afterEach(() => world.close())

const recorded = (name: string) => JSON.parse(readFileSync(`tests/fixtures/civitai/${name}.json`, 'utf8'))

test('reads the recorded answers over the wire', async () => {
  world = await openCivitaiWorld()
  for (const name of ['model.1231067', 'model-version.1387174', 'model-version.1255556']) {
    world.standIn.addRecorded(recorded(name))
  }
  expect(await world.client.model('1231067')).toMatchObject({ name: 'Vivid Impressions Storybook Style', type: 'LORA' })
  const version = await world.client.version('1387174')
  expect(version).toMatchObject({ modelId: '1231067', files: [{ id: '1289799', sizeBytes: 19_281_048 }] })
  expect((await world.client.version('1255556')).trainedWords).toEqual(['in the style of ppWhimsy'])
})

test('reads what the stand-in makes up like what was recorded', async () => {
  world = await openCivitaiWorld()
  const { id, versions } = world.standIn.addModel({ name: 'A', versions: [{ trainedWords: ['ppx'] }] })
  const { hosted, id: fileId } = versions[0]!.files[0]!
  const model = await world.client.model(String(id))
  const version = await world.client.version(String(versions[0]!.id))
  const file = { id: String(fileId), sizeBytes: hosted!.sizeBytes, format: 'safetensors', isPrimary: true }
  expect(model.versions[0]!.files).toMatchObject([{ ...file, hashes: { sha256: hosted!.sha256 } }])
  expect(version).toMatchObject({ modelId: model.id, trainedWords: ['ppx'], files: [file], usageControl: 'Download' })
})

test('lives with fields that are missing, null, new or of another type', async () => {
  world = await openCivitaiWorld()
  const { id, versions } = world.standIn.addModel({ versions: [{ trainedWords: ['ppx'] }, {}] })
  world.standIn.inject({ fault: { kind: 'odd-fields' }, times: 2 })
  const model = await world.client.model(String(id))
  const version = await world.client.version(String(versions[0]!.id))
  expect(model.versions).toHaveLength(2)
  for (const one of [model.versions[0]!, version]) {
    expect(one).toMatchObject({ baseModel: 'A Base Model of Next Year', status: null, trainedWords: [] })
    expect(one.publishedAt).toEqual(versions[0]!.publishedAt)
    expect(one.files).toMatchObject([{ format: 'safetensors', isPrimary: false, pickleScan: 'unknown' }])
  }
})

test('sends the token to the base URL only, and a plain User-Agent of its own', async () => {
  world = await openCivitaiWorld()
  const { versions } = world.standIn.addModel({})
  const versionId = String(versions[0]!.id)
  const browserLike = createHttpClient({ userAgent: 'Mozilla/5.0' })
  await world.clientWith({ http: browserLike }).version(versionId)
  const location = await world.client.downloadLocation({ versionId, fileId: null })
  browserLike.close()
  expect(world.standIn.requests).toMatchObject([
    { endpoint: 'version', isSignedIn: true, userAgent: CIVITAI_USER_AGENT },
    { endpoint: 'download', isSignedIn: true, userAgent: CIVITAI_USER_AGENT },
  ])
  expect(CIVITAI_USER_AGENT).not.toMatch(/mozilla|chrome|safari|firefox|opera|edge/i)
  expect(location.origin).toBe(world.fileHost.url)
  expect(location.href).not.toContain(LOCAL_CIVITAI_TOKEN)
  expect(world.fileHost.requests).toEqual([])
})

test('asks as nobody without a token or with an empty one, and reads the token for each call', async () => {
  world = await openCivitaiWorld()
  const { id } = world.standIn.addModel({})
  await world.clientWith({ token: null }).model(String(id))
  await world.clientWith({ token: () => ' \n' }).model(String(id))
  const tokens = ['wrong', `${LOCAL_CIVITAI_TOKEN}\n`]
  const rotating = world.clientWith({ token: async () => tokens.shift() ?? '' })
  await rotating.model(String(id))
  await rotating.model(String(id))
  expect(world.standIn.requests.map(({ isSignedIn }) => isSignedIn)).toEqual([false, false, false, true])
})

test('a base URL with a slash at its end is the same', async () => {
  world = await openCivitaiWorld()
  const { id } = world.standIn.addModel({})
  expect(await world.clientWith({ baseUrl: `${world.standIn.url}/` }).model(String(id))).toMatchObject({
    id: String(id),
  })
})

test.each(['abc', '', '0', '-1', '1.5', '2147483648', '1/../../me', '1?token=x'])(
  'asks nothing for the id %j',
  async (id) => {
    world = await openCivitaiWorld()
    const failures = [
      world.client.model(id),
      world.client.version(id),
      world.client.downloadLocation({ versionId: id, fileId: null }),
      world.client.downloadLocation({ versionId: '1', fileId: id }),
    ]
    for (const one of failures) expect(await failure(one)).toMatchObject({ code: 'civitai.bad-id', retryable: false })
    expect(world.standIn.requests).toEqual([])
  },
)

test('tells an unknown model and version, and a version without files', async () => {
  world = await openCivitaiWorld()
  const { versions } = world.standIn.addModel({ versions: [{ files: [] }, { status: 'Unpublished' }] })
  const [empty, unpublished] = versions.map(({ id }) => String(id))
  const gone = { code: 'civitai.not-found', retryable: false }
  expect(await failure(world.client.model('999999999'))).toMatchObject(gone)
  expect(await failure(world.client.version('999999999'))).toMatchObject(gone)
  expect(await failure(world.client.version(unpublished!))).toMatchObject(gone)
  const error = await failure(world.client.version(empty!))
  expect(error).toMatchObject({ code: 'civitai.no-weights', retryable: false })
  expect(error.message).toBe(`CivitAI's model version ${empty} has no files.`)
})

// Status and body as the service's own source makes them.
interface ErrorCase {
  endpoint: string
  status: number
  headers?: Record<string, string>
  body?: Record<string, unknown>
  bodyText?: string
}
const CODES: Record<string, [code: string, retryable: boolean]> = {
  'GET /api/v1/models/999999999': ['civitai.not-found', false],
  'GET /api/v1/model-versions/999999999': ['civitai.not-found', false],
  'GET /api/v1/model-versions/{id of a version without files}': ['civitai.no-weights', false],
  'GET /api/v1/models?page=11&limit=100': ['civitai.too-many-pages', false],
  'GET /api/v1/models?username=nobody-here': ['civitai.not-found', false],
  'GET /api/v1/models?query=x': ['civitai.unavailable', true],
  'GET /api/v1/models?types=LORA,Checkpoint': ['civitai.bad-request', false],
  'GET /api/v1/models?favorites=false (no token)': ['civitai.login-needed', false],
  any: ['civitai.unavailable', true],
  'any, at the edge': ['civitai.unavailable', true],
}

test.each((recorded('errors').cases as ErrorCase[]).map((one) => [one.endpoint, one] as const))(
  'translates the refusal of %s',
  async (name, { status, headers = {}, body, bodyText }) => {
    world = await openCivitaiWorld()
    const html = bodyText !== undefined
    const fault = { kind: 'status', status, headers, html, ...(body ? { body } : {}) } as const
    world.standIn.inject({ fault, times: 1 })
    const error = await failure(world.clientWith({ token: null }).model('5'))
    const [code, retryable] = CODES[name]!
    expect(error).toMatchObject({ code, retryable })
    if (headers['retry-after'] !== undefined) expect(error).toHaveProperty('retryAt', expect.any(Date))
    if (typeof body?.error === 'string') expect(error.facts.said).toContain(body.error)
  },
)

test.each<[status: number, code: string, retryable: boolean]>([
  [401, 'civitai.bad-token', false],
  [403, 'civitai.blocked', false],
  [410, 'civitai.archived', false],
  [408, 'civitai.unavailable', true],
  [418, 'civitai.bad-request', false],
  [500, 'civitai.unavailable', true],
  [503, 'civitai.unavailable', true],
  [522, 'civitai.unavailable', true],
])('with a token, a %i is %s', async (status, code, retryable) => {
  world = await openCivitaiWorld()
  world.standIn.inject({ fault: { kind: 'status', status }, times: 1 })
  expect(await failure(world.client.model('5'))).toMatchObject({ code, retryable })
})

test('being limited waits half a minute and more, or as long as it was told', async () => {
  world = await openCivitaiWorld({ requestsPerSecond: 1 })
  const { id } = world.standIn.addModel({})
  await world.client.model(String(id))
  const untold = await failure(world.client.model(String(id)))
  expect(untold).toMatchObject({ code: 'civitai.rate-limited', retryable: true, retryAt: new Date(NOW + 45_000) })
  const headers = { 'retry-after': new Date(NOW + 7_000).toUTCString() }
  world.standIn.inject({ fault: { kind: 'status', status: 429, headers }, times: 1 })
  const http = createHttpClient({ now: () => NOW })
  const told = await failure(world.clientWith({ http }).model(String(id)))
  http.close()
  expect(told).toMatchObject({ code: 'civitai.rate-limited', retryAt: new Date(NOW + 7_000) })
})

test.each([
  [{ kind: 'html' }, 'civitai.bad-answer'],
  [{ kind: 'json' }, 'civitai.bad-answer'],
  [{ kind: 'cut-body' }, 'civitai.unreachable'],
  [{ kind: 'reset' }, 'civitai.unreachable'],
  [{ kind: 'hang' }, 'civitai.unreachable'],
  [{ kind: 'stall' }, 'civitai.unreachable'],
  [{ kind: 'delay', ms: 600_000 }, 'civitai.unreachable'],
] as const)('%j may pass', async (fault, code) => {
  world = await openCivitaiWorld()
  const { id } = world.standIn.addModel({})
  world.standIn.inject({ fault, times: 1 })
  const client = world.clientWith({ timeouts: { headersMs: 100, stallMs: 100 } })
  const error = await failure(client.model(String(id)))
  expect(error).toMatchObject({ code, retryable: true })
  expect(await client.model(String(id))).toMatchObject({ id: String(id) })
})

test('a redirect of the API is not followed, so the token stays', async () => {
  world = await openCivitaiWorld()
  const other = await openCivitaiWorld()
  const { id } = other.standIn.addModel({})
  const location = `${other.standIn.url}/api/v1/models/${id}`
  world.standIn.inject({ fault: { kind: 'redirect', location }, times: 1 })
  expect(await failure(world.client.model(String(id)))).toMatchObject({ code: 'civitai.bad-answer', retryable: true })
  expect(other.standIn.requests).toEqual([])
  await other.close()
})

test('an answer that the HTTP client does not take may pass; a certificate that it does not take is final', async () => {
  world = await openCivitaiWorld()
  const failing = (error: HttpFinalError) =>
    world.clientWith({ http: { close() {}, request: () => Promise.reject(error) } }).model('5')
  const init = { message: 'No.', host: 'civitai.com' }
  const tooLarge = new HttpFinalError({ ...init, code: 'http.too-large', delivery: 'answered' })
  expect(await failure(failing(tooLarge))).toMatchObject({ code: 'civitai.bad-answer', retryable: true })
  const tls = new HttpFinalError({ ...init, code: 'http.tls', delivery: 'not-sent' })
  expect(await failure(failing(tls))).toMatchObject({ code: 'civitai.unreachable', retryable: false })
})

test('nobody there: it may pass; an abort throws its reason; a failing token source its own error', async () => {
  world = await openCivitaiWorld()
  const closed = await openCivitaiWorld()
  await closed.close()
  const nobody = createCivitaiClient({ http: world.http, baseUrl: closed.standIn.url, token: null })
  expect(await failure(nobody.model('5'))).toMatchObject({ code: 'civitai.unreachable', retryable: true })

  world.standIn.inject({ fault: { kind: 'hang' }, times: 1 })
  const stop = new AbortController()
  const running = failure(world.client.model('5', stop.signal))
  while (world.standIn.requests.length === 0) await setImmediate()
  const reason = new Error('canceled')
  stop.abort(reason)
  expect(await running).toBe(reason)
  expect(await failure(world.client.model('5', stop.signal))).toBe(reason)

  const noSecret = new FinalError({ code: 'secrets.denied', message: 'No secret.' })
  const unkeyed = world.clientWith({ token: () => Promise.reject(noSecret) })
  expect(await failure(unkeyed.model('5'))).toBe(noSecret)
})

test('the rate rule holds the API to one request a second, and leaves the storage alone', async () => {
  world = await openCivitaiWorld()
  const waits: number[] = []
  let nowMs = 0
  const limiter = createRateLimiter({
    rules: civitaiRateRules(world.standIn.url),
    now: () => nowMs,
    sleep: async (ms) => {
      waits.push(ms)
      nowMs += ms
    },
  })
  const http = createHttpClient({ limiter })
  const { id } = world.standIn.addModel({})
  const client = world.clientWith({ http })
  for (let i = 0; i < 3; i++) await client.model(String(id))
  for (let i = 0; i < 3; i++) {
    const response = await http.request({ url: world.fileHost.url })
    response.discard()
  }
  http.close()
  expect(waits).toEqual([1_000, 1_000])
  expect(civitaiRateRules('https://civitai.com', 5)).toEqual({ 'civitai.com': { perSecond: 5, burst: 1 } })
})
