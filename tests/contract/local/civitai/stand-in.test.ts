import { readFileSync } from 'node:fs'
import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { seedCivitai } from '#local/civitai/seed.ts'
import { type CivitaiStandIn, type CivitaiStandInOptions, startCivitai } from '#local/civitai/server.ts'
import { type FileHost, startFileHost } from '#local/file-host/server.ts'

// Plain fetch, not our own client: the stand-in is judged by what is on the wire.

/** The fields that tests look into; the rest they compare. */
interface Json {
  [name: string]: unknown
  files: Json[]
  modelVersions: Json[]
  model: Json
  metadata: Record<string, unknown>
  hashes: Record<string, string>
}
type Part = Record<string, unknown>

const NOW = Date.parse('2026-08-01T12:00:00Z')
const AGENT = 'my-service/1.0'
const SIGNED_IN = { authorization: `Bearer ${LOCAL_CIVITAI_TOKEN}` }

let standIn: CivitaiStandIn
let fileHost: FileHost
async function start(options: Partial<CivitaiStandInOptions> = {}): Promise<void> {
  fileHost = await startFileHost()
  standIn = await startCivitai({ fileHost, now: () => NOW, ...options })
}
afterEach(async () => {
  await standIn.close()
  await fileHost.close()
})

function get(path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${standIn.url}${path}`, { redirect: 'manual', headers: { 'user-agent': AGENT, ...headers }, ...init })
}
async function answerOf(path: string, headers: Record<string, string> = {}): Promise<[status: number, body: Json]> {
  const response = await get(path, headers)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  return [response.status, (await response.json()) as Json]
}
const recorded = (name: string): Json => JSON.parse(readFileSync(`tests/fixtures/civitai/${name}.json`, 'utf8'))

describe('its objects', () => {
  test('have the fields of the recorded ones, null or not', async () => {
    await start()
    standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const [, model] = await answerOf('/api/v1/models/5')
    const [, version] = await answerOf('/api/v1/model-versions/50')
    const [model2, version2] = [recorded('model.1231067'), recorded('model-version.1387174')]
    expect(Object.keys(model)).toEqual(expect.arrayContaining(Object.keys(model2)))
    expect(Object.keys(version)).toEqual(expect.arrayContaining(Object.keys(version2)))
    const inModel = Object.keys(model.modelVersions[0]!)
    // Null fields are left out there, and the recorded one has a type of base model.
    const owed = Object.keys(model2.modelVersions[0]!).filter((name) => name !== 'baseModelType')
    expect(inModel).toEqual(expect.arrayContaining(owed))
    expect(Object.keys(version.files[0]!).sort()).toEqual(Object.keys(version2.files[0]!).sort())
    expect(model.modelVersions[0]!.files[0]!.metadata).toEqual({ format: 'SafeTensor' })
    expect(version.files[0]!.metadata).toEqual({ format: 'SafeTensor', size: null, fp: null })
  })

  test('tell of a file what the storage has: size in KiB, hashes in upper case, URLs with the host that was asked', async () => {
    await start()
    const { versions } = standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const { hosted } = versions[0]!.files[0]!
    const [, { files, downloadUrl }] = await answerOf('/api/v1/model-versions/50')
    const SHA256 = hosted!.sha256.toUpperCase()
    expect(files).toMatchObject([{ sizeKB: hosted!.sizeBytes / 1024, primary: true, downloadUrl }])
    expect(files[0]!.hashes).toEqual({ SHA256, AutoV2: SHA256.slice(0, 10) })
    expect(downloadUrl).toBe(`${standIn.url}/api/download/models/50`)
  })

  test('mark the weights as primary, SafeTensor first, or a training-data zip where there is nothing else', async () => {
    await start()
    const training = { id: 502, type: 'Training Data', format: 'Other' }
    standIn.addModel({
      id: 5,
      versions: [
        {
          id: 50,
          files: [{ id: 500, format: 'PickleTensor', size: 'pruned' }, { id: 501, size: 'full', fp: 'fp16' }, training],
        },
        { id: 51, files: [{ ...training, id: 510 }] },
        { id: 52, files: [{ id: 520, isPrimary: false }] },
      ],
    })
    const [, { files }] = await answerOf('/api/v1/model-versions/50')
    const url = `${standIn.url}/api/download/models/50`
    expect(files.map((file: Json) => [file.id, file.primary, file.downloadUrl])).toEqual([
      [500, undefined, `${url}?type=Model&format=PickleTensor&size=pruned`],
      [501, true, url],
      [502, undefined, `${url}?type=Training%20Data`],
    ])
    expect((await answerOf('/api/v1/model-versions/51'))[1].files[0]).toMatchObject({ primary: true })
    expect((await answerOf('/api/v1/model-versions/52'))[1].files[0]).not.toHaveProperty('primary')
  })

  test('of an archived model keep no files; of a taken-down one the mode is told', async () => {
    await start()
    standIn.addModel({ id: 5, mode: 'Archived', versions: [{ id: 50 }] })
    standIn.addModel({ id: 6, mode: 'TakenDown', versions: [{ id: 60 }] })
    const [, archived] = await answerOf('/api/v1/models/5')
    expect(archived).toMatchObject({ mode: 'Archived', modelVersions: [{ id: 50, files: [] }] })
    expect(archived.modelVersions[0]!).not.toHaveProperty('downloadUrl')
    expect((await answerOf('/api/v1/model-versions/60'))[1].model.mode).toBe('TakenDown')
  })

  test('can be the recorded ones, with the host that was asked', async () => {
    await start()
    const version = recorded('model-version.1387174')
    standIn.addRecorded(version)
    standIn.addRecorded(recorded('model.1231067'))
    const [, served] = await answerOf('/api/v1/model-versions/1387174')
    const downloadUrl = `${standIn.url}/api/download/models/1387174`
    expect(served).toEqual({ ...version, downloadUrl, files: [{ ...version.files[0], downloadUrl }] })
    expect((await answerOf('/api/v1/models/1231067'))[0]).toBe(200)
  })
})

describe('look-ups', () => {
  test.each<[path: string, status: number, body: Part]>([
    ['/api/v1/models/999', 404, { error: 'No model with id 999' }],
    ['/api/v1/models/2147483648', 400, { error: { name: 'ZodError' } }],
    ['/api/v1/models/abc', 400, { error: { name: 'ZodError' } }],
    ['/api/v1/model-versions/999', 404, { error: 'Model not found' }],
    ['/api/v1/model-versions/51', 404, { error: 'Missing model file' }],
    ['/api/v1/model-versions/52', 404, { error: 'Model not found' }],
    ['/api/v1/model-versions/by-hash/00', 404, { error: 'Model not found' }],
    ['/api/v1/me', 401, { error: 'Unauthorized' }],
  ])('%s is %i', async (path, status, body) => {
    await start()
    standIn.addModel({ id: 5, versions: [{ id: 50 }, { id: 51, files: [] }, { id: 52, status: 'Draft' }] })
    expect(await answerOf(path)).toMatchObject([status, body])
  })

  test('by any hash in any case, of several versions the one published first', async () => {
    await start()
    const files = [{ content: { kind: 'random', sizeBytes: 100, seed: 1 } as const }]
    const { versions } = standIn.addModel({ id: 5, versions: [{ id: 50, files }, { id: 51, files }, { id: 52 }] })
    const { sha256 } = versions[0]!.files[0]!.hosted!
    for (const hash of [sha256, sha256.toUpperCase(), sha256.slice(0, 10)]) {
      expect((await answerOf(`/api/v1/model-versions/by-hash/${hash}`))[1]).toMatchObject({ id: 51, modelId: 5 })
    }
  })

  test.each<[what: string, path: string, headers: Record<string, string>, status: number]>([
    ['the header', '/api/v1/me', SIGNED_IN, 200],
    ['the query', `/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}`, {}, 200],
    ['a header without the scheme', '/api/v1/me', { authorization: LOCAL_CIVITAI_TOKEN }, 401],
    [
      'a wrong header before a right query',
      `/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}`,
      { authorization: 'Bearer x' },
      401,
    ],
    ['nothing', '/api/v1/me', {}, 401],
    ['a wrong token where none is needed', '/api/v1/models/5', { authorization: 'Bearer x' }, 200],
  ])('a token in %s', async (_what, path, headers, status) => {
    await start()
    standIn.addModel({ id: 5 })
    expect((await answerOf(path, headers))[0]).toBe(status)
  })

  test("anonymous answers say that the edge keeps them, and only those; a library's agent meets the edge's page", async () => {
    await start()
    standIn.addModel({ id: 5 })
    expect((await get('/api/v1/models/5')).headers.get('cache-control')).toContain('s-maxage=300')
    expect((await get('/api/v1/models/5', SIGNED_IN)).headers.get('cache-control')).toBeNull()
    const refused = await get('/api/v1/models/5', { 'user-agent': 'Python-urllib/3.11' })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
  })

  test('more requests a second than allowed get a page with 429', async () => {
    let nowMs = NOW
    await start({ requestsPerSecond: 2, now: () => nowMs })
    standIn.addModel({ id: 5 })
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await get('/api/v1/models/5')).status)
    nowMs += 1_000
    statuses.push((await get('/api/v1/models/5')).status)
    expect(statuses).toEqual([200, 200, 429, 200])
  })
})

describe('downloads', () => {
  const earlyAccess = new Date(NOW + 1_000)
  const loginNeeded = 'The creator of this asset requires you to be logged in to download it'

  test.each<[what: string, path: string, headers: Record<string, string>, status: number, body: Part]>([
    ['no token', '/50', {}, 401, { error: 'Unauthorized', message: loginNeeded }],
    ['downloads disabled', '/51', SIGNED_IN, 401, { message: expect.stringContaining('disabled downloads') }],
    ['early access', '/52', SIGNED_IN, 403, { error: 'Early Access', deadline: earlyAccess.toISOString() }],
    ['private', '/54', SIGNED_IN, 403, { error: 'You do not have access to download this file' }],
    ['unknown version', '/999', SIGNED_IN, 404, { error: 'File not found' }],
    ['unknown file', '/50?fileId=7', SIGNED_IN, 404, { error: 'File not found' }],
    ['parameters of no file', '/50?format=GGUF', SIGNED_IN, 404, { error: 'File not found' }],
    ['draft', '/55', SIGNED_IN, 404, { error: 'File not found' }],
    ['stumbling storage', '/56', SIGNED_IN, 404, { error: 'File not found' }],
    ['a type that is not', '/50?type=Lora', SIGNED_IN, 400, { error: expect.stringContaining('Invalid option') }],
    ['archived', '/60', SIGNED_IN, 410, { error: 'Model archived, not available for download' }],
    ['real person', '/70', SIGNED_IN, 404, { error: 'File not found' }],
  ])('%s: /api/download/models%s', async (_what, path, headers, status, body) => {
    await start()
    standIn.addModel({
      id: 5,
      versions: [
        { id: 50 },
        { id: 51, usageControl: 'Generation' },
        { id: 52, earlyAccess },
        { id: 53, earlyAccess: 'permanent' },
        { id: 54, isPrivate: true },
        { id: 55, status: 'Draft' },
        { id: 56, files: [{ content: null }] },
      ],
    })
    standIn.addModel({ id: 6, mode: 'Archived', versions: [{ id: 60 }] })
    standIn.addModel({ id: 7, poi: true, versions: [{ id: 70 }] })
    expect(await answerOf(`/api/download/models${path}`, headers)).toMatchObject([status, body])
  })

  test('what is for sale for good has no deadline; HEAD is not allowed', async () => {
    await start()
    standIn.addModel({ versions: [{ id: 53, earlyAccess: 'permanent' }] })
    expect((await answerOf('/api/download/models/53', SIGNED_IN))[1]).not.toHaveProperty('deadline')
    expect((await get('/api/download/models/53', SIGNED_IN, { method: 'HEAD' })).status).toBe(405)
  })

  test('are redirects to signed URLs on another origin, which the token must not go to', async () => {
    await start()
    const { versions } = standIn.addModel({ versions: [{ id: 50 }] })
    const redirect = await get('/api/download/models/50', SIGNED_IN)
    const location = redirect.headers.get('location')!
    expect([redirect.status, redirect.headers.get('cache-control')]).toEqual([307, 'no-store'])
    expect(new URL(location).origin).toBe(fileHost.url)
    expect(new URL(location).searchParams.get('X-Amz-Expires')).toBe('86400')
    expect((await fetch(location, { headers: SIGNED_IN })).status).toBe(400)
    const bytes = await (await fetch(location)).arrayBuffer()
    expect(bytes.byteLength).toBe(versions[0]!.files[0]!.hosted!.sizeBytes)
  })

  test('give the file that the parameters, the id or the preferences pick', async () => {
    await start({ preferences: { format: 'PickleTensor' } })
    const files = [
      { id: 500, size: 'full', fp: 'fp32' },
      { id: 501, size: 'pruned', fp: 'fp16' },
      { id: 502, format: 'PickleTensor', size: 'full', fp: 'fp16' },
    ]
    const { versions } = standIn.addModel({ versions: [{ id: 50, requiresLogin: false, files }] })
    const picked = async (query: string, headers = {}): Promise<number | undefined> => {
      const location = (await get(`/api/download/models/50${query}`, headers)).headers.get('location')!
      return versions[0]!.files.find(({ hosted }) => hosted!.path === new URL(location).pathname)?.id
    }
    expect(await picked('')).toBe(501)
    expect(await picked('?type=Model&format=SafeTensor&size=full&fp=fp32')).toBe(500)
    expect(await picked('?format=PickleTensor')).toBe(502)
    expect(await picked('?fileId=500')).toBe(500)
    expect(await picked('', SIGNED_IN)).toBe(502)
    expect(await picked('?fileId=501', SIGNED_IN)).toBe(501)
  })

  test.each<[versionId: number, headers: Record<string, string>, status: number, location: string | null]>([
    [50, {}, 307, '/login?returnUrl=%2Fmodel-versions%2F50&reason=download-auth'],
    [52, SIGNED_IN, 307, '/model-versions/52'],
    [51, SIGNED_IN, 401, null],
  ])('send a browser to pages: version %i', async (id, headers, status, location) => {
    await start()
    standIn.addModel({ versions: [{ id: 50 }, { id: 51, usageControl: 'Generation' }, { id: 52, earlyAccess }] })
    const agent = { ...headers, 'user-agent': 'cooperative-agent' }
    const response = await get(`/api/download/models/${id}`, agent)
    expect([response.status, response.headers.get('location')]).toEqual([status, location])
    if (location === null) {
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      return
    }
    const page = await fetch(`${standIn.url}${location}`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  })

  test('are counted over 24 hours for each account, redirects only', async () => {
    let nowMs = NOW
    await start({ downloadsPerDay: 1, now: () => nowMs })
    standIn.addModel({ versions: [{ id: 50, requiresLogin: false }] })
    const statusOf = async (headers = {}, query = '') => (await get(`/api/download/models/50${query}`, headers)).status
    expect(await statusOf(SIGNED_IN, '?fileId=7')).toBe(404)
    expect([await statusOf(SIGNED_IN), await statusOf(SIGNED_IN), await statusOf()]).toEqual([307, 429, 307])
    nowMs += 86_400_000
    expect(await statusOf(SIGNED_IN)).toBe(307)
  })

  test('find nothing under an old file id once the list has changed', async () => {
    await start()
    standIn.addModel({ versions: [{ id: 50, files: [{ id: 500 }] }] })
    standIn.replaceFiles(50, [{ id: 501 }])
    expect((await get('/api/download/models/50?fileId=500', SIGNED_IN)).status).toBe(404)
    expect((await get('/api/download/models/50?fileId=501', SIGNED_IN)).status).toBe(307)
  })
})

describe('faults', () => {
  test('change what is told of a file, where it is told', async () => {
    await start()
    const { versions } = standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const { sizeBytes } = versions[0]!.files[0]!.hosted!
    const fileWith = async (kind: 'wrong-hash' | 'wrong-size' | 'no-hashes', path: string): Promise<Json> => {
      standIn.inject({ fault: { kind }, times: 1 })
      // A download can't be harmed by it, and leaves it to the next.
      await get('/api/download/models/50', SIGNED_IN)
      const [, body] = await answerOf(path)
      standIn.assertAllFired()
      const holder: Json = 'modelVersions' in body ? body.modelVersions[0]! : body
      return holder.files[0]!
    }
    for (const path of ['/api/v1/models/5', '/api/v1/model-versions/50']) {
      expect((await fileWith('wrong-hash', path)).hashes.SHA256).toBe('B'.repeat(64))
      expect(Math.round(Number((await fileWith('wrong-size', path)).sizeKB) * 1024)).toBe(sizeBytes + 1)
      expect(await fileWith('no-hashes', path)).toMatchObject({ hashes: {}, virusScanResult: 'Pending' })
    }
    expect((await answerOf('/api/v1/models/5'))[1].modelVersions[0]!.files[0]!.hashes.SHA256).not.toBe('B'.repeat(64))
  })

  test('are ordered over HTTP too, and meet requests of their endpoint only', async () => {
    await start()
    standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const order = { fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'download' }
    const sent = await fetch(`${standIn.url}/_control/faults`, { method: 'POST', body: JSON.stringify(order) })
    expect(sent.status).toBe(201)
    const wrong = await fetch(`${standIn.url}/_control/faults`, { method: 'POST', body: '{"fault":{"kind":"x"}}' })
    expect(wrong.status).toBe(400)
    expect((await get('/api/v1/models/5')).status).toBe(200)
    expect(() => standIn.assertAllFired()).toThrow('status (0 of 1)')
    expect((await get('/api/download/models/50', SIGNED_IN)).status).toBe(500)
    standIn.assertAllFired()
    expect(standIn.requests).toMatchObject([
      { endpoint: 'model', fault: null, isSignedIn: false, userAgent: AGENT },
      { endpoint: 'download', fault: 'status', isSignedIn: true, path: '/api/download/models/50' },
    ])
  })

  test.each<[kind: 'html' | 'json', type: string]>([
    ['html', 'text/html; charset=utf-8'],
    ['json', 'application/json; charset=utf-8'],
  ])('%s comes with status 200', async (kind, type) => {
    await start()
    standIn.addModel({ id: 5 })
    standIn.inject({ fault: { kind }, times: 1 })
    const response = await get('/api/v1/models/5')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
  })

  test.each(['reset', 'cut-body'] as const)('%s breaks the connection', async (kind) => {
    await start()
    standIn.addModel({ id: 5 })
    standIn.inject({ fault: { kind }, times: 1 })
    await expect(get('/api/v1/models/5').then((response) => response.text())).rejects.toThrow()
    standIn.assertAllFired()
  })

  test.each(['hang', 'stall'] as const)('%s lasts until the stand-in closes', async (kind) => {
    await start()
    standIn.addModel({ id: 5 })
    standIn.inject({ fault: { kind }, times: 1 })
    const running = get('/api/v1/models/5').then((response) => response.text())
    const ended = expect(running).rejects.toThrow()
    const first = await Promise.race([running.catch(() => 'ended'), whenSeen().then(() => 'seen')])
    expect(first).toBe('seen')
    await standIn.close()
    await ended
  })
})

test('a token in a query is not kept with the request', async () => {
  await start()
  await get(`/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}&a=b`)
  expect(standIn.requests).toMatchObject([{ query: 'a=b', isSignedIn: true, status: 200 }])
})

test('what a local stack starts with: a LoRA, twins, a pickle, training data, early access and an archive', async () => {
  await start()
  seedCivitai(standIn, NOW)
  const summary = []
  for (const id of [1001, 1002, 1003, 1004, 1005, 1006]) {
    const [, { mode, modelVersions }] = await answerOf(`/api/v1/models/${id}`)
    const { files, availability } = modelVersions[0]!
    summary.push([mode, availability, files.map((file: Json) => `${file.type} ${file.metadata.format}`)])
  }
  expect(summary).toEqual([
    [undefined, 'Public', ['Model SafeTensor']],
    [undefined, 'Public', ['Model SafeTensor', 'Model SafeTensor']],
    [undefined, 'Public', ['Model PickleTensor']],
    [undefined, 'Public', ['Training Data Other']],
    [undefined, 'EarlyAccess', ['Model SafeTensor']],
    ['Archived', 'Public', []],
  ])
})

/** Resolves once the stand-in has met the fault of the first request. */
async function whenSeen(): Promise<void> {
  while (standIn.requests[0]?.fault === null || standIn.requests.length === 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
