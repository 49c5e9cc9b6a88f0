import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type FileHost, startFileHost } from '#local/file-host/server.ts'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { ListedEntry } from '#local/huggingface/repo-file.ts'
import { type HuggingFaceStandIn, type HuggingFaceStandInOptions, startHuggingFace } from '#local/huggingface/server.ts'

// Plain fetch, not our own client: the stand-in is judged by what is on the wire.

type Json = Record<string, unknown>
const fixture = (name: string) => JSON.parse(readFileSync(`tests/fixtures/huggingface/${name}`, 'utf8'))

let host: FileHost
let hub: HuggingFaceStandIn
async function start(options: Partial<HuggingFaceStandInOptions> = {}): Promise<void> {
  host = await startFileHost()
  hub = await startHuggingFace({ fileHost: host, ...options })
}
afterEach(async () => {
  await hub.close()
  await host.close()
})

const auth = { authorization: `Bearer ${LOCAL_HUGGINGFACE_TOKEN}` }
const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
  await fetch(`${hub.url}${path}`, { redirect: 'manual', ...init })
const read = async (path: string, init: RequestInit = {}) => (await ask(path, init)).json()

describe('what the service was seen to answer', () => {
  const bert = fixture('tree.bert-base-uncased.json') as { entries: (ListedEntry & { path: string })[] }
  const commit = 'dd4bc8b21efa05ec961e3efc4ee5e3832a3679c7'
  const addBert = () =>
    hub.addRepo({
      id: 'google-bert/bert-base-uncased',
      metadata: { sha: commit },
      files: bert.entries.map(({ path, oid, size, lfs, xetHash }) => ({
        path,
        listed: { oid, size, ...(lfs ? { lfs } : {}), ...(xetHash ? { xetHash } : {}) },
      })),
    })

  test('is the tree of a repo', async () => {
    await start()
    addBert()
    expect(await read(`/api/models/google-bert/bert-base-uncased/tree/${commit}`)).toEqual(bert.entries)
  })

  test('with expand has the fields of an expanded tree', async () => {
    await start()
    addBert()
    const tree = (await read(`/api/models/google-bert/bert-base-uncased/tree/${commit}?expand=true`)) as Json[]
    const { entries } = fixture('tree.bert-base-uncased.expand.json') as { entries: Json[] }
    expect(tree.map((entry) => Object.keys(entry).sort())).toEqual(entries.map((entry) => Object.keys(entry).sort()))
    expect(Object.keys(tree[0]!.lastCommit as Json).sort()).toEqual(Object.keys(entries[0]!.lastCommit as Json).sort())
  })

  test('is the metadata of a repo with its blobs', async () => {
    await start()
    const recorded = fixture('model-info.eicar-street.blobs.json')
    const { siblings, ...metadata } = recorded
    hub.addRepo({
      id: recorded.id,
      metadata,
      files: siblings.map(({ rfilename, blobId, size, lfs }: Json & { lfs?: Json }) => ({
        path: rfilename,
        listed: {
          oid: blobId,
          size,
          ...(lfs ? { lfs: { oid: lfs.sha256, size: lfs.size, pointerSize: lfs.pointerSize } } : {}),
        },
      })),
    })
    expect(await read('/api/models/mcpotato/42-eicar-street?blobs=true')).toEqual(recorded)
    const plain = (await read('/api/models/mcpotato/42-eicar-street')) as { siblings: Json[] }
    expect(plain.siblings[0]).toEqual({ rfilename: '.gitattributes' })
    const chosen = await read('/api/models/mcpotato/42-eicar-street?expand=sha&expand=gated')
    expect(chosen).toEqual({ _id: recorded._id, id: recorded.id, sha: recorded.sha, gated: false })
  })

  test('is the size and the ETag of a large file, told before the redirect', async () => {
    await start()
    addBert()
    const [expected] = fixture('file-info.expected.json').cases
    const response = await ask(expected.url)
    expect(response.status).toBe(302)
    expect(response.headers.get('x-linked-size')).toBe(String(expected.size))
    expect(response.headers.get('x-linked-etag')).toBe(expected.etag)
    expect(response.headers.get('x-repo-commit')).toBe(commit)
    const { headers } = fixture('responses.json').cases.find((one: Json) => one.case === 'lfs-redirect-xet-bridge')
    expect(response.headers.get('x-xet-hash')).toBe(headers['x-xet-hash'])
    expect(response.headers.get('link')).toMatch(/^<[^>]+>; rel="xet-auth", <[^>]+>; rel="xet-reconstruction-info"$/)
  })
})

const files = [
  { path: 'config.json', content: '{"a": 1}\n' },
  { path: 'deep/er/file #2 100%?.txt', content: 'odd name' },
  { path: 'model.safetensors', content: { kind: 'safetensors', sizeBytes: 5000, seed: 1 } },
  { path: 'direct.txt', content: 'sent at once', direct: true },
] as const
const add = (more: Partial<Parameters<HuggingFaceStandIn['addRepo']>[0]> = {}) =>
  hub.addRepo({ id: 'ada/model', files, ...more })

describe('a file', () => {
  test('of LFS comes from another host, by ranges, under the hash that was listed, and without the token', async () => {
    await start()
    const { commit } = add()
    const first = await ask('/ada/model/resolve/main/model.safetensors', { headers: auth })
    const location = String(first.headers.get('location'))
    expect(new URL(location).origin).toBe(host.url)
    expect(first.headers.get('x-repo-commit')).toBe(commit)
    const bytes = Buffer.from(await (await fetch(location)).arrayBuffer())
    expect(first.headers.get('x-linked-etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`)
    expect(first.headers.get('x-linked-size')).toBe('5000')
    const part = await fetch(location, { headers: { range: 'bytes=10-19' } })
    expect(part.headers.get('content-range')).toBe('bytes 10-19/5000')
    expect((await fetch(location, { headers: auth })).status).toBe(400)
    expect((await ask('/ada/model/resolve/main/model.safetensors')).headers.get('location')).not.toBe(location)
  })

  test('that is small comes over a relative redirect on the same host, like the recorded one', async () => {
    await start()
    const { commit } = add()
    const response = await ask(`/ada/model/resolve/main/config.json`)
    expect(response.status).toBe(307)
    const oid = createHash('sha1').update('blob 9\0{"a": 1}\n').digest('hex')
    expect(response.headers.get('location')).toBe(
      `/api/resolve-cache/models/ada/model/${commit}/config.json?%2Fada%2Fmodel%2Fresolve%2Fmain%2Fconfig.json=&etag=%22${oid}%22`,
    )
    expect(response.headers.get('x-linked-etag')).toBe(`"${oid}"`)
    expect(response.headers.get('x-linked-size')).toBe('9')
    const followed = await ask(String(response.headers.get('location')))
    expect(followed.status).toBe(200)
    expect(followed.headers.get('etag')).toBe(`"${oid}"`)
    expect(await followed.text()).toBe('{"a": 1}\n')
    const part = await ask(String(response.headers.get('location')), { headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/9', 'a":'])
    const past = await ask(String(response.headers.get('location')), { headers: { range: 'bytes=9-' } })
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */9'])
  })

  test('can be sent by the Hub itself', async () => {
    await start()
    add()
    const response = await ask('/ada/model/resolve/main/direct.txt')
    expect([response.status, await response.text()]).toEqual([200, 'sent at once'])
  })

  test('has a name whose every segment is encoded', async () => {
    await start()
    const { commit } = add()
    const path = `deep/er/${encodeURIComponent('file #2 100%?.txt')}`
    const response = await ask(`/ada/model/resolve/${commit}/${path}`)
    expect(await (await ask(String(response.headers.get('location')))).text()).toBe('odd name')
  })

  test('in Xet storage is described, not redirected to, for who accepts that', async () => {
    await start()
    add({ files: [...files, { path: 'old.bin', content: 'x', xet: false }] })
    const type = 'application/vnd.xet-fileinfo+json'
    const headers = { accept: `${type}, */*` }
    const described = await ask('/ada/model/resolve/main/model.safetensors', { headers })
    expect([described.status, described.headers.get('content-type'), described.headers.get('x-linked-size')]).toEqual([
      200,
      type,
      '5000',
    ])
    expect((await ask('/ada/model/resolve/main/old.bin', { headers })).status).toBe(302)
  })

  test('of LFS is a pointer under /raw/, and that pointer is what its oid is the hash of', async () => {
    await start()
    add()
    const pointer = await (await ask('/ada/model/raw/main/model.safetensors')).text()
    const [entry] = (await read('/api/models/ada/model/paths-info/main', {
      method: 'POST',
      body: JSON.stringify({ paths: ['model.safetensors'], expand: false }),
    })) as ListedEntry[]
    expect(pointer).toBe(`version https://git-lfs.github.com/spec/v1\noid sha256:${entry!.lfs!.oid}\nsize 5000\n`)
    expect(entry!.oid).toBe(createHash('sha1').update(`blob ${pointer.length}\0${pointer}`).digest('hex'))
    expect(entry!.lfs!.pointerSize).toBe(pointer.length)
  })

  test('answers a HEAD as a GET, without the body', async () => {
    await start()
    add()
    const head = await ask('/ada/model/resolve/main/direct.txt', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '12', ''])
  })
})

describe('a tree', () => {
  test('has the top level only, without recursive', async () => {
    await start()
    add()
    const top = (await read('/api/models/ada/model/tree/main')) as Json[]
    expect(top.map(({ type, path }) => [type, path])).toEqual([
      ['file', 'config.json'],
      ['directory', 'deep'],
      ['file', 'model.safetensors'],
      ['file', 'direct.txt'],
    ])
    const deep = (await read('/api/models/ada/model/tree/main?recursive=true')) as Json[]
    expect(deep.map(({ path }) => path)).toContain('deep/er/file #2 100%?.txt')
    const below = (await read('/api/models/ada/model/tree/main/deep?recursive=true')) as Json[]
    expect(below.map(({ path }) => path)).toEqual(['deep/er', 'deep/er/file #2 100%?.txt'])
    expect((await ask('/api/models/ada/model/tree/main/nowhere')).status).toBe(404)
  })

  test('comes in pages of at most 1,000 entries, 50 with expand, each with the address of the next', async () => {
    await start()
    add({ files: Array.from({ length: 1050 }, (_, at) => ({ path: `${at}.txt`, content: 'x' })) })
    for (const [query, sizes] of [
      ['limit=5000', [1000, 50]],
      ['limit=1500', [1000, 50]],
      ['limit=800', [800, 250]],
      ['expand=true', [...Array(21).fill(50)]],
    ] as const) {
      const seen: number[] = []
      let next: string | undefined = `${hub.url}/api/models/ada/model/tree/main?${query}`
      while (next !== undefined) {
        const page: Response = await fetch(next)
        seen.push(((await page.json()) as Json[]).length)
        next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
      }
      expect(seen).toEqual(sizes)
    }
  })
})

describe('a revision', () => {
  test('is a branch, one of git’s refs with its slashes encoded, or a commit; a branch moves and a commit stays', async () => {
    await start()
    const { commit } = add({ branches: { 'refs/pr/1': [{ path: 'pr.txt', content: 'pr' }] } })
    const shaOf = async (at: string) => ((await read(`/api/models/ada/model${at}`)) as Json).sha
    expect(await shaOf('')).toBe(commit)
    expect(await shaOf('/revision/main')).toBe(commit)
    expect(await shaOf('/revision/HEAD')).toBe(commit)
    const pr = await shaOf('/revision/refs%2Fpr%2F1')
    expect(pr).not.toBe(commit)
    const moved = hub.commit('ada/model', [{ path: 'new.txt', content: 'new' }])
    expect(await shaOf('')).toBe(moved)
    expect(await shaOf(`/revision/${commit}`)).toBe(commit)
    const old = (await read(`/api/models/ada/model/tree/${commit}`)) as Json[]
    expect(old.map(({ path }) => path)).toContain('config.json')
  })
})

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

test('a renamed repo redirects by its old name, relatively, whatever was asked of it', async () => {
  await start()
  add({ formerIds: ['model', 'bob/model'] })
  for (const [asked, told] of [
    ['/api/models/model', '/api/models/ada/model'],
    ['/api/models/bob/model/tree/main?recursive=true', '/api/models/ada/model/tree/main?recursive=true'],
    ['/bob/model/resolve/main/config.json', '/ada/model/resolve/main/config.json'],
  ] as const) {
    const response = await ask(asked)
    expect([response.status, response.headers.get('location')]).toEqual([307, told])
  }
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
  host = await startFileHost({ now: () => nowMs })
  hub = await startHuggingFace({ fileHost: host, now: () => nowMs })
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

  test.each<[fault: Parameters<HuggingFaceStandIn['inject']>[0]['fault'], expected: Json]>([
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
