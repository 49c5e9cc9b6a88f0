import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { HuggingFaceFault } from '#local/huggingface/faults.ts'
import { auth, fixture, type Json, type Running, start as startStandIn } from './harness.ts'

let running: Running
let { hub, ask, read, add } = {} as Running
const start = async (options: Parameters<typeof startStandIn>[0] = {}): Promise<void> => {
  running = await startStandIn(options)
  ;({ hub, ask, read, add } = running)
}
afterEach(() => running.close())

describe('a refusal', () => {
  const cases = fixture('responses.json').cases as { case: string; status: number; headers: Record<string, string> }[]
  const bad = { authorization: 'Bearer hf_garbage' }

  test.each<[recorded: string, path: string, headers: Record<string, string>]>([
    ['repo-not-found-with-token', '/api/models/ada/none', auth],
    ['repo-not-found-anonymous', '/api/models/ada/none', {}],
    ['repo-not-found-anonymous', '/api/models/ada/secret', {}],
    ['repo-not-found-with-token', '/api/models/ada/secret', auth],
    ['revision-not-found', '/api/models/ada/model/revision/nope', auth],
    ['entry-not-found', '/ada/model/resolve/main/nope.bin', auth],
    ['disabled-repo', '/api/models/ada/down', auth],
    ['disabled-repo', '/ada/down/resolve/main/config.json', auth],
    ['bad-token', '/api/models/ada/model', bad],
    ['bad-token', '/api/whoami-v2', bad],
  ])('is the recorded one: %s at %s', async (name, path, headers) => {
    await start()
    add()
    add({ id: 'ada/secret', private: true })
    add({ id: 'ada/down', disabled: true })
    const expected = cases.find((one) => one.case === name)!
    const response = await ask(path, { headers })
    expect(response.status).toBe(expected.status)
    for (const header of ['x-error-code', 'x-error-message']) {
      expect(response.headers.get(header)).toBe(expected.headers[header] ?? null)
    }
    expect(await response.json()).toEqual({ error: expected.headers['x-error-message'] })
  })

  test.each<[who: string, status: number, code: string | null, words: RegExp, headers: Record<string, string>]>([
    ['nobody', 401, 'GatedRepo', /Please log in\.$/, {}],
    ['a garbage token', 401, 'GatedRepo', /Please log in\.$/, bad],
    ['an account without access', 403, 'GatedRepo', /huggingface\.co\/ada\/gated to ask for access\.$/, auth],
  ])('of a gated repo bars the files for %s, and no metadata', async (_who, status, code, words, headers) => {
    await start()
    add({ id: 'ada/gated', gated: 'manual' })
    const barred = await ask('/ada/gated/resolve/main/config.json', { headers })
    expect([barred.status, barred.headers.get('x-error-code')]).toEqual([status, code])
    expect(barred.headers.get('x-error-message')).toMatch(words)
    const metadata = await ask('/api/models/ada/gated', { headers })
    expect([metadata.status, ((await metadata.json()) as Json).gated]).toEqual([200, 'manual'])
    hub.grantAccess('ada/gated', LOCAL_HUGGINGFACE_TOKEN)
    expect((await ask('/ada/gated/resolve/main/config.json', { headers: auth })).status).toBe(307)
  })

  test('is not what an account with access to a private repo gets', async () => {
    await start()
    add({ id: 'ada/secret', private: true, access: [LOCAL_HUGGINGFACE_TOKEN] })
    expect((await ask('/api/models/ada/secret', { headers: auth })).status).toBe(200)
    expect(await read('/api/whoami-v2', { headers: auth })).toMatchObject({ type: 'user' })
  })
})

test('every answer says its number and how many requests are left in a window of five minutes', async () => {
  let nowMs = Date.parse('2026-05-01T12:01:00Z')
  const few = { anonymous: 2, user: 3 }
  await start({ now: () => nowMs, quotas: { api: few, resolvers: { anonymous: 1, user: 1 } } })
  add()
  const first = await ask('/api/models/ada/model')
  expect(first.headers.get('x-request-id')).toMatch(/./)
  expect(first.headers.get('ratelimit')).toBe('"api";r=1;t=240')
  expect(first.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=2;w=300')
  expect((await ask('/ada/model/resolve/main/model.safetensors')).headers.get('ratelimit')).toBe(
    '"resolvers";r=0;t=240',
  )
  await ask('/api/models/ada/model')
  const refused = await ask('/api/models/ada/model')
  expect([refused.status, refused.headers.get('ratelimit')]).toEqual([429, '"api";r=0;t=240'])
  expect((await ask('/api/models/ada/model', { headers: auth })).headers.get('ratelimit')).toBe('"api";r=2;t=240')
  nowMs += 240_000
  expect((await ask('/api/models/ada/model')).status).toBe(200)
})

test('a signed URL holds for an hour', async () => {
  let nowMs = Date.parse('2026-05-01T12:00:00Z')
  await start({ now: () => nowMs })
  add()
  const location = String((await ask('/ada/model/resolve/main/model.safetensors')).headers.get('location'))
  nowMs += 3_599_000
  expect((await fetch(location)).status).toBe(200)
  nowMs += 2_000
  expect((await fetch(location)).status).toBe(403)
})

describe('a fault', () => {
  test('is ordered over HTTP, meets the endpoint it is meant for, and one that has not fired is told', async () => {
    await start()
    add()
    const headers = { 'x-error-code': 'EntryNotFound' }
    const order = { fault: { kind: 'status', status: 404, headers }, endpoint: 'resolve' }
    const made = await ask('/_control/faults', { method: 'POST', body: JSON.stringify(order) })
    expect(made.status).toBe(201)
    expect((await ask('/api/models/ada/model')).status).toBe(200)
    expect(() => hub.assertAllFired()).toThrow('status')
    const met = await ask('/ada/model/resolve/main/config.json')
    expect([met.status, met.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound'])
    hub.assertAllFired()
    expect(hub.requests.map(({ endpoint, fault }) => [endpoint, fault])).toEqual([
      ['model', null],
      ['resolve', 'status'],
    ])
  })

  test.each<[fault: HuggingFaceFault, expected: Json]>([
    [{ kind: 'html' }, { status: 200, type: 'text/html; charset=utf-8' }],
    [{ kind: 'json' }, { status: 200, body: '{"error":"Injected by the test"}' }],
    [
      { kind: 'status', status: 503, body: null },
      { status: 503, body: '' },
    ],
    [
      { kind: 'status', status: 502, html: true },
      { status: 502, type: 'text/html; charset=utf-8' },
    ],
    [{ kind: 'wrong-etag' }, { 'x-linked-etag': `"${'b'.repeat(64)}"` }],
    [{ kind: 'wrong-size' }, { 'x-linked-size': '5001' }],
    [{ kind: 'wrong-commit' }, { 'x-repo-commit': 'c'.repeat(40) }],
    [{ kind: 'bare-redirect' }, { status: 302, 'x-linked-size': null, 'x-repo-commit': null }],
    [
      { kind: 'redirect', location: '/login?next=1' },
      { status: 302, location: '/login?next=1' },
    ],
    [{ kind: 'pointer' }, { status: 200, body: expect.stringMatching(/^version https:\/\/git-lfs/) }],
  ])('of a file is what it says: %j', async (fault, expected) => {
    await start()
    add()
    hub.inject({ fault, times: 1, endpoint: 'resolve' })
    const response = await ask('/ada/model/resolve/main/model.safetensors')
    const seen: Json = {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    }
    for (const name of ['location', 'x-linked-etag', 'x-linked-size', 'x-repo-commit'])
      seen[name] = response.headers.get(name)
    expect(seen).toMatchObject(expected)
    hub.assertAllFired()
  })

  test.each([{ kind: 'reset' }, { kind: 'cut-body' }] as const)('breaks the answer off: %j', async (fault) => {
    await start()
    add()
    hub.inject({ fault, times: 1 })
    await expect(read('/api/models/ada/model')).rejects.toThrow()
    hub.assertAllFired()
  })

  test.each([{ kind: 'hang' }, { kind: 'stall' }] as const)(
    'holds the answer until the stand-in closes: %j',
    async (fault) => {
      await start()
      add()
      hub.inject({ fault, times: 1 })
      const answer = read('/api/models/ada/model').then(
        () => 'answered',
        () => 'closed',
      )
      await until(() => hub.requests[0]?.fault === fault.kind)
      await hub.close()
      expect(await answer).toBe('closed')
      hub.assertAllFired()
    },
  )

  test('moves the branch right after the answer that named its commit', async () => {
    await start()
    const { commit } = add()
    hub.inject({ fault: { kind: 'branch-moves' }, times: 1 })
    expect(((await read('/api/models/ada/model')) as Json).sha).toBe(commit)
    const tree = (await read('/api/models/ada/model/tree/main')) as Json[]
    expect(tree.map(({ path }) => path)).toEqual(['moved.safetensors'])
    hub.assertAllFired()
  })
})

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}
