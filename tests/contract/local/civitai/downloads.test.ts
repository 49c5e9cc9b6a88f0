import type { CivitaiStandInOptions } from '#local/civitai/server.ts'
import { NOW, openStandIn, type Part, SIGNED_IN, type StandInWorld } from './stand-in.ts'

let world: StandInWorld
async function start(options: Partial<CivitaiStandInOptions> = {}): Promise<void> {
  world = await openStandIn(options)
}
afterEach(() => world.close())

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
])('refuses for %s: /api/download/models%s', async (_what, path, headers, status, body) => {
  await start()
  world.standIn.addModel({
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
  world.standIn.addModel({ id: 6, mode: 'Archived', versions: [{ id: 60 }] })
  world.standIn.addModel({ id: 7, poi: true, versions: [{ id: 70 }] })
  expect(await world.answerOf(`/api/download/models${path}`, headers)).toMatchObject([status, body])
})

test('what is for sale for good has no deadline; HEAD is not allowed', async () => {
  await start()
  world.standIn.addModel({ versions: [{ id: 53, earlyAccess: 'permanent' }] })
  expect((await world.answerOf('/api/download/models/53', SIGNED_IN))[1]).not.toHaveProperty('deadline')
  expect((await world.get('/api/download/models/53', SIGNED_IN, { method: 'HEAD' })).status).toBe(405)
})

test('a download is a redirect to a signed URL on another origin, which the token must not go to', async () => {
  await start()
  const { versions } = world.standIn.addModel({ versions: [{ id: 50 }] })
  const redirect = await world.get('/api/download/models/50', SIGNED_IN)
  const location = redirect.headers.get('location')!
  expect([redirect.status, redirect.headers.get('cache-control')]).toEqual([307, 'no-store'])
  expect(new URL(location).origin).toBe(world.fileHost.url)
  expect(new URL(location).searchParams.get('X-Amz-Expires')).toBe('86400')
  expect((await fetch(location, { headers: SIGNED_IN })).status).toBe(400)
  const bytes = await (await fetch(location)).arrayBuffer()
  expect(bytes.byteLength).toBe(versions[0]!.files[0]!.hosted!.sizeBytes)
})

test('gives the file that the parameters, the id or the preferences pick', async () => {
  await start({ preferences: { format: 'PickleTensor' } })
  const files = [
    { id: 500, size: 'full', fp: 'fp32' },
    { id: 501, size: 'pruned', fp: 'fp16' },
    { id: 502, format: 'PickleTensor', size: 'full', fp: 'fp16' },
  ]
  const { versions } = world.standIn.addModel({ versions: [{ id: 50, requiresLogin: false, files }] })
  const picked = async (query: string, headers = {}): Promise<number | undefined> => {
    const location = (await world.get(`/api/download/models/50${query}`, headers)).headers.get('location')!
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
])('sends a browser to pages: version %i', async (id, headers, status, location) => {
  await start()
  world.standIn.addModel({ versions: [{ id: 50 }, { id: 51, usageControl: 'Generation' }, { id: 52, earlyAccess }] })
  const agent = { ...headers, 'user-agent': 'cooperative-agent' }
  const response = await world.get(`/api/download/models/${id}`, agent)
  expect([response.status, response.headers.get('location')]).toEqual([status, location])
  if (location === null) {
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    return
  }
  const page = await fetch(`${world.standIn.url}${location}`)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
})

test('counts downloads over 24 hours for each account, redirects only', async () => {
  let nowMs = NOW
  await start({ downloadsPerDay: 1, now: () => nowMs })
  world.standIn.addModel({ versions: [{ id: 50, requiresLogin: false }] })
  const statusOf = async (headers = {}, query = '') =>
    (await world.get(`/api/download/models/50${query}`, headers)).status
  expect(await statusOf(SIGNED_IN, '?fileId=7')).toBe(404)
  expect([await statusOf(SIGNED_IN), await statusOf(SIGNED_IN), await statusOf()]).toEqual([307, 429, 307])
  nowMs += 86_400_000
  expect(await statusOf(SIGNED_IN)).toBe(307)
})

test('finds nothing under an old file id once the list has changed', async () => {
  await start()
  world.standIn.addModel({ versions: [{ id: 50, files: [{ id: 500 }] }] })
  world.standIn.replaceFiles(50, [{ id: 501 }])
  expect((await world.get('/api/download/models/50?fileId=500', SIGNED_IN)).status).toBe(404)
  expect((await world.get('/api/download/models/50?fileId=501', SIGNED_IN)).status).toBe(307)
})
