import { readFileSync } from 'node:fs'
import type { HuggingFaceFault } from '#local/huggingface/faults.ts'
import { resolveHuggingFaceModel } from '#shared/huggingface/resolve-model.ts'
import { failure, type HubWorld, startHubWorld, weights } from './harness.ts'

let world: HubWorld
const nowMs = Date.parse('2026-05-01T12:00:00Z')
const start = async (options: Parameters<typeof startHubWorld>[0] = {}) => {
  world = await startHubWorld({ now: () => nowMs, ...options })
  world.hub.addRepo({ id: 'ada/model', files: [weights('a.safetensors')] })
}
afterEach(() => world.close())

const resolve = (repo = 'ada/model') => failure(resolveHuggingFaceModel(world.client, { repo }))
const locate = (repo: string, path = 'a.safetensors', commit = 'a'.repeat(40)) =>
  failure(world.client.locateFile({ source: 'huggingface', repo, commit, path }))

interface Recorded {
  case: string
  status: number
  headers: Record<string, string>
  body?: Record<string, unknown>
}
const recorded = JSON.parse(readFileSync('tests/fixtures/huggingface/responses.json', 'utf8')).cases as Recorded[]
const after = (seconds: number): Date => new Date(nowMs + seconds * 1000)

const CODES: Record<string, { code: string; retryable: boolean; retryAt?: Date }> = {
  'ratelimit-exhausted': { code: 'huggingface.rate-limited', retryable: true, retryAt: after(55) },
  // With quota left the window's end says nothing: our own backoff.
  'ratelimit-not-exhausted-but-429': { code: 'huggingface.rate-limited', retryable: true, retryAt: after(30) },
  'repo-not-found-with-token': { code: 'huggingface.not-found', retryable: false },
  'repo-not-found-anonymous': { code: 'huggingface.not-found', retryable: false },
  'revision-not-found': { code: 'huggingface.revision-not-found', retryable: false },
  'entry-not-found': { code: 'huggingface.file-not-found', retryable: false },
  'disabled-repo': { code: 'huggingface.disabled', retryable: false },
  'bad-token': { code: 'huggingface.bad-token', retryable: false },
}

test.each(recorded.filter(({ status }) => status >= 400).map((one) => [one.case, one] as const))(
  'tells the recorded refusal %s, of metadata and of a file',
  async (name, { status, headers, body = null }) => {
    await start()
    world.hub.inject({ fault: { kind: 'status', status, headers, body }, times: 2 })
    expect(await resolve()).toMatchObject(CODES[name]!)
    if (name === 'repo-not-found-anonymous') expect(world.hub.requests.at(-1)?.endpoint).toBe('whoami')
    else expect(await locate('ada/model')).toMatchObject(CODES[name]!)
  },
)

test('a RateLimit header that is malformed is none', async () => {
  await start()
  const { headers } = recorded.find((one) => one.case === 'ratelimit-malformed')!
  world.hub.inject({ fault: { kind: 'status', status: 429, headers }, times: 1 })
  expect(await resolve()).toMatchObject({ code: 'huggingface.rate-limited', retryAt: after(30) })
})

test.each<[headers: Record<string, string>, seconds: number]>([
  [{ 'retry-after': '7' }, 7],
  [{ 'retry-after': '7', ratelimit: '"api";r=0;t=90' }, 90],
  [{ 'retry-after': '120', ratelimit: '"api";r=0;t=90' }, 120],
  [{ 'retry-after': '7', ratelimit: '"api";r=5;t=90' }, 7],
  [{ ratelimit: '"api";r=0;t=99999999' }, 30],
  [{}, 30],
])('after a 429 with %j it is asked again in %d s', async (headers, seconds) => {
  await start()
  world.hub.inject({ fault: { kind: 'status', status: 429, headers }, times: 1 })
  expect(await resolve()).toMatchObject({ code: 'huggingface.rate-limited', retryAt: after(seconds) })
})

test('a window that is used up is waited out', async () => {
  await start({ quotas: { api: { anonymous: 1, user: 1 }, resolvers: { anonymous: 1, user: 1 } } })
  // One request for the model, a second for its tree.
  expect(await resolve()).toMatchObject({ code: 'huggingface.rate-limited', retryAt: after(300) })
})

test.each<[fault: HuggingFaceFault, code: string, retryable: boolean]>([
  [{ kind: 'status', status: 500 }, 'huggingface.unavailable', true],
  [{ kind: 'status', status: 503, body: null }, 'huggingface.unavailable', true],
  [{ kind: 'status', status: 502, html: true }, 'huggingface.unavailable', true],
  [{ kind: 'status', status: 403, html: true }, 'huggingface.unavailable', true],
  [{ kind: 'status', status: 404, html: true }, 'huggingface.unavailable', true],
  [{ kind: 'html' }, 'huggingface.unavailable', true],
  [{ kind: 'json' }, 'huggingface.bad-answer', true],
  [{ kind: 'status', status: 400 }, 'huggingface.refused', false],
  [{ kind: 'status', status: 403, body: null }, 'huggingface.denied', false],
  [{ kind: 'status', status: 404, body: null }, 'huggingface.not-found', false],
  [{ kind: 'status', status: 410, body: null }, 'huggingface.not-found', false],
  [{ kind: 'status', status: 401, body: null }, 'huggingface.bad-token', false],
  // The code in the header decides before the status does.
  [{ kind: 'status', status: 500, headers: { 'x-error-code': 'EntryNotFound' } }, 'huggingface.file-not-found', false],
  [{ kind: 'status', status: 404, headers: { 'x-error-code': 'SomethingNew' } }, 'huggingface.not-found', false],
  [{ kind: 'reset' }, 'huggingface.unreachable', true],
  [{ kind: 'cut-body' }, 'huggingface.unreachable', true],
  [{ kind: 'stall' }, 'huggingface.unreachable', true],
])('tells what stands in the place of an answer: %j', async (fault, code, retryable) => {
  await start()
  world.hub.inject({ fault, times: 1, endpoint: 'tree' })
  expect(await resolve()).toMatchObject({ code, retryable })
})

test('a Hub that is not there, or not right, is told from one that refuses', async () => {
  await start()
  await world.hub.close()
  expect(await resolve()).toMatchObject({ code: 'huggingface.unreachable', retryable: true })
})

describe('a private or missing repo', () => {
  test('is not found; without a token the sentence says that one may help', async () => {
    await start({ token: null })
    world.hub.addRepo({ id: 'ada/secret', files: [], private: true })
    const error = await resolve('ada/secret')
    expect(error).toMatchObject({ code: 'huggingface.not-found', retryable: false })
    expect(error.message).toBe(
      'ada/secret does not exist at Hugging Face or is private; check the name, a token (HF_TOKEN) may be needed.',
    )
  })

  test('is not found for an account without access', async () => {
    await start()
    world.hub.addRepo({ id: 'ada/secret', files: [], private: true })
    const error = await resolve('ada/secret')
    expect(error).toMatchObject({ code: 'huggingface.not-found' })
    expect(error.message).toContain('is private and our token may not read it')
  })
})

test('a revision and a file that are not there are named', async () => {
  await start()
  const noRevision = await failure(resolveHuggingFaceModel(world.client, { repo: 'ada/model', revision: 'v9' }))
  expect(noRevision).toMatchObject({ code: 'huggingface.revision-not-found', retryable: false })
  expect(noRevision.message).toContain('no revision v9')
  const noFile = await failure(resolveHuggingFaceModel(world.client, { repo: 'ada/model', file: 'b.safetensors' }))
  expect(noFile).toMatchObject({ code: 'huggingface.file-not-found', retryable: false })
  expect(noFile.message).toContain('no file b.safetensors')
})

test('a repo that was taken down is told, by its metadata and by its files', async () => {
  await start()
  world.hub.addRepo({ id: 'ada/down', files: [weights('a.safetensors')], disabled: true })
  expect(await resolve('ada/down')).toMatchObject({ code: 'huggingface.disabled', retryable: false })
  expect(await locate('ada/down')).toMatchObject({ code: 'huggingface.disabled' })
  world.hub.addRepo({ id: 'ada/flagged', files: [], metadata: { disabled: true } })
  expect(await resolve('ada/flagged')).toMatchObject({ code: 'huggingface.disabled' })
})

describe('the files of a gated repo', () => {
  const addGated = () => world.hub.addRepo({ id: 'ada/gated', files: [weights('a.safetensors')], gated: 'manual' })

  test('need a token', async () => {
    await start({ token: null })
    const { commit } = addGated()
    const error = await locate('ada/gated', 'a.safetensors', commit)
    expect(error).toMatchObject({ code: 'huggingface.gated', retryable: false })
    expect(error.message).toBe(
      'ada/gated is gated: ask for access at https://huggingface.co/ada/gated and set HF_TOKEN to a token of that account.',
    )
    expect(world.hub.requests.map(({ endpoint }) => endpoint)).toEqual(['resolve'])
  })

  test('need a token that is one: the Hub’s answer does not say so, but its whoami does', async () => {
    await start({ token: 'hf_garbage' })
    const { commit } = addGated()
    const error = await locate('ada/gated', 'a.safetensors', commit)
    expect(error).toMatchObject({ code: 'huggingface.bad-token', retryable: false })
    expect(error.message).toBe('Hugging Face does not accept our token; set HF_TOKEN to a valid one.')
    expect(world.hub.requests.map(({ endpoint }) => endpoint)).toEqual(['resolve', 'whoami'])
  })

  test('need access, for which one asks', async () => {
    await start()
    const { commit } = addGated()
    const error = await locate('ada/gated', 'a.safetensors', commit)
    expect(error).toMatchObject({ code: 'huggingface.gated', retryable: false })
    expect(error.message).toContain('our account has no access yet; ask for it at https://huggingface.co/ada/gated')
  })

  test.each<[whoami: HuggingFaceFault | null, words: string]>([
    [{ kind: 'status', status: 503 }, 'our token is not valid or has no access'],
    [null, 'our account has no access yet'],
  ])('a 401 with a token is looked into; if that fails (%j), both reasons are named', async (whoami, words) => {
    await start()
    addGated()
    const headers = { 'x-error-code': 'GatedRepo' }
    world.hub.inject({ fault: { kind: 'status', status: 401, headers }, times: 1, endpoint: 'resolve' })
    if (whoami !== null) world.hub.inject({ fault: whoami, times: 1, endpoint: 'whoami' })
    const error = await locate('ada/gated')
    expect(error).toMatchObject({ code: 'huggingface.gated', retryable: false })
    expect(error.message).toContain(words)
  })
})

test('a failure keeps the Hub’s words and its number of the request for the operator', async () => {
  await start()
  const { facts } = await resolve('ada/none')
  expect(facts).toMatchObject({
    repo: 'ada/none',
    status: 404,
    errorCode: 'RepoNotFound',
    said: 'Repository not found',
    requestId: expect.stringMatching(/^Root=1-/),
  })
})
