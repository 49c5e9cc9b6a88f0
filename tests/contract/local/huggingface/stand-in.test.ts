import { createHash } from 'node:crypto'
import type { ListedEntry } from '#local/huggingface/repo-file.ts'
import { auth, files, fixture, type Json, type Running, start as startStandIn } from './harness.ts'

let running: Running
let { hub, host, ask, read, add } = {} as Running
const start = async (options: Parameters<typeof startStandIn>[0] = {}): Promise<void> => {
  running = await startStandIn(options)
  ;({ hub, host, ask, read, add } = running)
}
afterEach(() => running.close())

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
