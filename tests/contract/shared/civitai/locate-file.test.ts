import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import type { FileSpec, ModelSpec, VersionSpec } from '#local/civitai/catalogue.ts'
import type { CivitaiStandInOptions } from '#local/civitai/server.ts'
import { locateCivitaiFile } from '#shared/civitai/locate-file.ts'
import { NotBeforeError } from '#shared/errors/app-error.ts'
import type { ApiClientOptions } from '#shared/http/api-client-options.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import type { FileLocation } from '#shared/transfer/source-file.ts'
import { type CivitaiWorld, failure, NOW, openCivitaiWorld } from './world.ts'

const HOUR_MS = 3_600_000

let world: CivitaiWorld
async function open(options: Partial<CivitaiStandInOptions> = {}): Promise<void> {
  world = await openCivitaiWorld(options)
}
afterEach(() => world.close())

/** Model 5 with version 50 with file 500, and what a test wants of them. */
function add(version: VersionSpec = {}, file: FileSpec = {}, model: ModelSpec = {}) {
  return world.standIn.addModel({ id: 5, ...model, versions: [{ id: 50, files: [{ id: 500, ...file }], ...version }] })
}
function locate(fileId: string | null = '500', options: Partial<ApiClientOptions> = {}): Promise<FileLocation> {
  const locator = { source: 'civitai', modelVersionId: '50', fileId } as const
  return locateCivitaiFile(world.clientWith(options), locator)(new AbortController().signal)
}
const endpoints = (): string[] => world.standIn.requests.map(({ endpoint }) => endpoint)

test('finds the bytes at the storage, by the file id, with nothing to send along', async () => {
  await open()
  const { versions } = add()
  const location = await locate()
  expect(location).toEqual({ url: expect.any(String), headers: {}, sizeBytes: null, sha256: null })
  const response = await world.http.request({ url: location.url })
  const bytes = await response.bytes()
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(versions[0]!.files[0]!.hosted!.sha256)
  expect(world.fileHost.requests).toMatchObject([{ authorized: false, status: 200 }])
  expect(world.standIn.requests).toMatchObject([{ endpoint: 'download', query: 'fileId=500', status: 307 }])
  // A new one each time: each counts against the account.
  expect((await locate()).url).not.toBe(location.url)
})

test("without a file id the account's preferences may pick another file than the one that is listed", async () => {
  await open({ preferences: { size: 'full', fp: 'fp32' } })
  const files = [
    { id: 500, size: 'pruned', fp: 'fp16' },
    { id: 501, size: 'full', fp: 'fp32' },
  ]
  const { versions } = add({ files, requiresLogin: false })
  const [pruned, full] = versions[0]!.files
  const pathOf = async (work: Promise<FileLocation>): Promise<string> => new URL((await work).url).pathname
  expect(await pathOf(locate(null))).toBe(full!.hosted!.path)
  expect(await pathOf(locate(null, { token: null }))).toBe(pruned!.hosted!.path)
  expect(await pathOf(locate('500'))).toBe(pruned!.hosted!.path)
})

test.each<[what: string, version: VersionSpec, token: string | null, code: string]>([
  ['needs a login', {}, null, 'civitai.login-needed'],
  ['does not know the token', {}, 'wrong', 'civitai.bad-token'],
  ['has its download disabled', { usageControl: 'Generation' }, LOCAL_CIVITAI_TOKEN, 'civitai.downloads-disabled'],
  ['has its download disabled, without a token', { usageControl: 'Generation' }, null, 'civitai.downloads-disabled'],
  ['is private', { isPrivate: true }, LOCAL_CIVITAI_TOKEN, 'civitai.no-access'],
  ['is for sale', { earlyAccess: 'permanent' }, LOCAL_CIVITAI_TOKEN, 'civitai.early-access'],
])('is refused for good where the version %s', async (_what, version, token, code) => {
  await open()
  add(version)
  const error = await failure(locate('500', { token: token === null ? null : () => token }))
  expect(error).toMatchObject({ code, retryable: false })
  expect(error).not.toBeInstanceOf(NotBeforeError)
  expect(endpoints()).toEqual(['download'])
})

test('early access ends the try and says from when on to ask again; a deadline that has passed gives no circle', async () => {
  await open()
  const ends = new Date(NOW + 3 * HOUR_MS)
  add({ earlyAccess: ends })
  const error = await failure(locate())
  expect(error).toBeInstanceOf(NotBeforeError)
  expect(error).toMatchObject({ code: 'civitai.early-access', retryable: false, retryAt: ends })
  expect(error.message).toContain('until 2026-08-01T15:00:00.000Z')
  // Our clock may be ahead of theirs.
  const ahead = await failure(locate('500', { now: () => NOW + 4 * HOUR_MS }))
  expect(ahead).toMatchObject({ retryAt: new Date(NOW + 4 * HOUR_MS + 300_000) })
})

test('whoever has bought a version in early access gets it', async () => {
  await open()
  add({ earlyAccess: new Date(NOW + HOUR_MS), grantedTo: [LOCAL_CIVITAI_TOKEN] })
  expect((await locate()).url).toContain(world.fileHost.url)
})

test('archived is final', async () => {
  await open()
  add({}, {}, { mode: 'Archived' })
  expect(await failure(locate())).toMatchObject({ code: 'civitai.archived', retryable: false })
})

test('the day is counted by redirects handed out, and waiting an hour may help', async () => {
  let nowMs = NOW
  await open({ downloadsPerDay: 2, now: () => nowMs })
  add()
  await locate()
  await locate()
  const error = await failure(locate())
  expect(error).toMatchObject({ code: 'civitai.download-limit', retryable: true, retryAt: new Date(NOW + HOUR_MS) })
  nowMs += 24 * HOUR_MS
  expect((await locate()).url).toContain(world.fileHost.url)
})

test('a file that is still listed may be back in a minute: its storage has stumbled', async () => {
  await open()
  add({}, { content: null })
  const error = await failure(locate())
  expect(error).toMatchObject({ code: 'civitai.file-not-found', retryable: true, retryAt: new Date(NOW + 60_000) })
  expect(endpoints()).toEqual(['download', 'version'])
})

test.each<[what: string, change: () => void, code: string]>([
  ['another file took its place', () => void world.standIn.replaceFiles(50, [{ id: 501 }]), 'civitai.not-found'],
  ['its version has no files any more', () => void world.standIn.replaceFiles(50, []), 'civitai.no-weights'],
  ['it was unpublished', () => void add({ status: 'Unpublished' }), 'civitai.not-found'],
  ['it was taken down', () => void add({}, {}, { mode: 'TakenDown' }), 'civitai.taken-down'],
  ['it shows a real person', () => void add({}, {}, { poi: true }), 'civitai.not-found'],
])('a file is gone for good where %s', async (_what, change, code) => {
  await open()
  add()
  await locate()
  change()
  expect(await failure(locate())).toMatchObject({ code, retryable: false })
})

test('an owner sees his version although it is no longer published, and its file is gone all the same', async () => {
  await open()
  add({}, { content: null })
  const client = world.clientWith({})
  const unpublished = {
    ...client,
    version: async (id: string) => ({ ...(await client.version(id)), status: 'Unpublished' }),
  }
  const locator = { source: 'civitai', modelVersionId: '50', fileId: '500' } as const
  const located = locateCivitaiFile(unpublished, locator)(new AbortController().signal)
  expect(await failure(located)).toMatchObject({ code: 'civitai.not-found', retryable: false })
})

test('where the version cannot be asked either, that failure counts', async () => {
  await open()
  add({}, { content: null })
  world.standIn.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'version' })
  expect(await failure(locate())).toMatchObject({ code: 'civitai.unavailable', retryable: true })
})

// Redirects that must not be taken for the storage.
test.each<[location: string, token: string | null, code: string, retryable: boolean]>([
  ['/login?returnUrl=%2Fmodel-versions%2F50&reason=download-auth', null, 'civitai.login-needed', false],
  ['/login?returnUrl=%2Fmodel-versions%2F50&reason=download-auth', 'wrong', 'civitai.bad-token', false],
  ['https://civitai.com/login?reason=download-auth', null, 'civitai.login-needed', false],
  ['/model-versions/50', LOCAL_CIVITAI_TOKEN, 'civitai.early-access', false],
  ['/somewhere', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
  ['https://civitai.red/api/download/models/50', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
  ['ftp://storage.example/a', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
  ['https://user:pass@storage.example/a', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
  ['http://', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
  ['', LOCAL_CIVITAI_TOKEN, 'civitai.bad-answer', true],
])('a redirect to %j with token %j is %s', async (location, token, code, retryable) => {
  await open()
  add()
  world.standIn.inject({ fault: { kind: 'redirect', location }, times: 1, endpoint: 'download' })
  const error = await failure(locate('500', { token: token === null ? null : () => token }))
  expect(error).toMatchObject({ code, retryable })
  expect(endpoints()).toEqual(['download'])
})

test('a User-Agent like a browser would be sent to the login page; that is why ours is plain', async () => {
  await open()
  add({ requiresLogin: true })
  const asked = (userAgent: string) =>
    fetch(`${world.standIn.url}/api/download/models/50`, { redirect: 'manual', headers: { 'user-agent': userAgent } })
  const browser = await asked('my-edge-worker/1.0')
  expect([browser.status, browser.headers.get('location')?.split('?')[0]]).toEqual([307, '/login'])
  expect((await asked('charaforge-backend')).status).toBe(401)
})

// Each row of the service's own table of downloads.
interface DownloadCase {
  case: string
  status: number
  headers?: { location?: string }
  body?: Record<string, unknown>
}
const { cases } = JSON.parse(readFileSync('tests/fixtures/civitai/download-responses.json', 'utf8')) as {
  cases: DownloadCase[]
}
const CODES: Record<string, [code: string, retryable: boolean]> = {
  'login-required-non-browser': ['civitai.login-needed', false],
  'login-required-browser-like': ['civitai.login-needed', false],
  'downloads-disabled': ['civitai.downloads-disabled', false],
  'early-access': ['civitai.early-access', false],
  'no-access': ['civitai.no-access', false],
  'not-found-or-storage-hiccup': ['civitai.file-not-found', true],
  archived: ['civitai.archived', false],
  'too-many-downloads': ['civitai.download-limit', true],
  'head-request': ['civitai.bad-request', false],
  'bad-query': ['civitai.bad-request', false],
}

test.each(cases.map((one) => [one.case, one] as const))('knows the recorded answer %s', async (name, one) => {
  await open()
  add()
  const { status, headers, body = {} } = one
  const redirect = { kind: 'redirect', location: headers?.location ?? '' } as const
  const fault = status === 307 ? redirect : ({ kind: 'status', status, body } as const)
  world.standIn.inject({ fault, times: 1, endpoint: 'download' })
  const located = locate('500', { token: null })
  if (name.startsWith('ok-')) {
    expect(await located).toEqual({ url: redirect.location, headers: {}, sizeBytes: null, sha256: null })
    return
  }
  const [code, retryable] = CODES[name]!
  expect(await failure(located)).toMatchObject({ code, retryable })
})

test.each([
  [{ kind: 'status', status: 403, body: { error: 'Forbidden' } }, 'civitai.blocked', false],
  [{ kind: 'status', status: 403, html: true }, 'civitai.unavailable', true],
  [{ kind: 'status', status: 429, html: true }, 'civitai.rate-limited', true],
  [{ kind: 'status', status: 500 }, 'civitai.unavailable', true],
  [{ kind: 'html' }, 'civitai.bad-answer', true],
  [{ kind: 'json' }, 'civitai.bad-answer', true],
  [{ kind: 'reset' }, 'civitai.unreachable', true],
  [{ kind: 'hang' }, 'civitai.unreachable', true],
] as const)('%j at the download is %s', async (fault, code, retryable) => {
  await open()
  add()
  world.standIn.inject({ fault, times: 1, endpoint: 'download' })
  expect(await failure(locate('500', { timeouts: { headersMs: 100 } }))).toMatchObject({ code, retryable })
})

test.each(['html', 'json'] as const)('%s in place of a redirect is said to be none', async (kind) => {
  await open()
  add()
  world.standIn.inject({ fault: { kind }, times: 1, endpoint: 'download' })
  expect((await failure(locate())).message).toContain('no redirect to the storage')
})

// What needs https on both sides, or a service that streams the file itself.
test.each<[what: string, status: number, location: string | null, isFound: boolean]>([
  ['from https to https', 307, 'https://storage.example/a?sig=1', true],
  ['by another 3xx', 302, 'https://storage.example/a?sig=1', true],
  ['from https to http', 307, 'http://storage.example/a?sig=1', false],
  ['that is an answer', 200, 'https://storage.example/a?sig=1', false],
  ['to nowhere', 307, null, false],
])('a redirect %s, whose body is not read', async (_what, status, location, isFound) => {
  await open()
  let discarded = 0
  const http: HttpClient = {
    close() {},
    async request({ url }) {
      const headers = location === null ? {} : { location }
      return { status, headers, url: new URL(url), discard: () => void discarded++ } as HttpResponse
    },
  }
  const located = locate('500', { http, baseUrl: 'https://civitai.com' })
  if (isFound) expect((await located).url).toBe(location)
  else expect(await failure(located)).toMatchObject({ code: 'civitai.bad-answer', retryable: true })
  expect(discarded).toBe(1)
})

test('no sentence and no fact tells a signed URL or the token', async () => {
  await open()
  add()
  const secretPage = '/login?returnUrl=x&X-Amz-Signature=secret-signature'
  world.standIn.inject({ fault: { kind: 'redirect', location: secretPage }, times: 1 })
  world.standIn.inject({
    fault: { kind: 'redirect', location: `https://u:${LOCAL_CIVITAI_TOKEN}@x.example/` },
    times: 1,
  })
  for (const error of [await failure(locate()), await failure(locate())]) {
    const told = JSON.stringify([error.message, error.facts])
    expect(told).not.toContain('secret-signature')
    expect(told).not.toContain(LOCAL_CIVITAI_TOKEN)
  }
})
