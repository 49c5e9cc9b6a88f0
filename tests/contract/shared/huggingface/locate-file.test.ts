import { createHash } from 'node:crypto'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { HuggingFaceFault } from '#local/huggingface/faults.ts'
import { locateHuggingFaceFile } from '#shared/huggingface/locate-file.ts'
import { resolveHuggingFaceModel } from '#shared/huggingface/resolve-model.ts'
import type { FileLocation, SourceFile } from '#shared/transfer/source-file.ts'
import { failure, type HubWorld, startHubWorld, text, weights } from './harness.ts'

let world: HubWorld
const start = async (options: Parameters<typeof startHubWorld>[0] = {}) => {
  world = await startHubWorld(options)
}
afterEach(() => world.close())

const signal = new AbortController().signal
const files = [
  weights('model.safetensors'),
  text('odd #1 100%?.json', '{"small": true}'),
  { path: 'direct.json', content: '{"direct": 1}', direct: true },
]
const add = (more: object = {}) => world.hub.addRepo({ id: 'ada/model', files, ...more })

async function listed(path: string): Promise<SourceFile> {
  const { files } = await resolveHuggingFaceModel(world.client, { repo: 'ada/model', file: path })
  return files[0]!
}
async function locate(file: SourceFile): Promise<FileLocation> {
  const { locator, ...said } = file
  if (locator.source !== 'huggingface') throw new Error('another source')
  return await locateHuggingFaceFile(world.client, locator, said)(signal)
}
const bytesAt = async ({ url, headers }: FileLocation) =>
  await (await world.http.request({ url, headers, signal })).bytes()

test('an LFS file is at another origin, with what the Hub says of it and without the token', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  const location = await locate(file)
  expect(new URL(location.url).origin).toBe(world.host.url)
  expect(location).toMatchObject({ headers: {}, sizeBytes: 2000, sha256: file.sha256 })
  const bytes = await bytesAt(location)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256)
  expect(world.host.requests.map(({ authorized }) => authorized)).toEqual([false])
})

test('each time it is asked for it is somewhere new, for URLs expire', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  const first = await locate(file)
  world.host.expireAll()
  const second = await locate(file)
  expect(second.url).not.toBe(first.url)
  expect(await bytesAt(second)).toHaveLength(2000)
})

test('a small file is at the Hub itself, which is shown the token again: a gated one needs it', async () => {
  await start()
  add({ gated: 'auto', access: [LOCAL_HUGGINGFACE_TOKEN] })
  for (const [path, content] of [
    ['odd #1 100%?.json', '{"small": true}'],
    ['direct.json', '{"direct": 1}'],
  ] as const) {
    const file = await listed(path)
    const location = await locate(file)
    expect(new URL(location.url).origin).toBe(world.hub.url)
    expect(location).toMatchObject({
      headers: { authorization: `Bearer ${LOCAL_HUGGINGFACE_TOKEN}` },
      sizeBytes: content.length,
      sha256: null,
    })
    const bytes = await bytesAt(location)
    expect(bytes.toString()).toBe(content)
    const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
    expect(file.gitBlobSha1).toBe(blob)
  }
})

test('without a token none is sent', async () => {
  await start({ token: null })
  add()
  const location = await locate(await listed('odd #1 100%?.json'))
  expect(location.headers).toEqual({})
  expect(world.hub.requests.map(({ caller }) => caller)).toEqual(['anonymous', 'anonymous', 'anonymous'])
})

test('one request is made, which asks for bytes and not for Xet’s description of them', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  world.sent.length = 0
  await locate(file)
  expect(world.sent).toHaveLength(1)
  const last = world.hub.requests.at(-1)!
  expect(last).toMatchObject({ endpoint: 'resolve', method: 'GET', accept: '*/*', caller: 'account' })
  expect(last.revision).toMatch(/^[0-9a-f]{40}$/)
})

test('a repo that was renamed after it was listed is followed to its new name', async () => {
  await start()
  const { commit } = add({ formerIds: ['bob/model'] })
  const locator = { source: 'huggingface', repo: 'bob/model', commit, path: 'model.safetensors' } as const
  const location = await locateHuggingFaceFile(world.client, locator)(signal)
  expect(new URL(location.url).origin).toBe(world.host.url)
  expect(location.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('a repo whose names redirect to each other is left', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  const location = '/ada/model/resolve/main/model.safetensors'
  world.hub.inject({ fault: { kind: 'redirect', location }, times: 4 })
  expect(await failure(locate(file))).toMatchObject({ code: 'huggingface.bad-answer' })
})

test.each<[fault: HuggingFaceFault, code: string, retryable: boolean]>([
  [{ kind: 'wrong-etag' }, 'huggingface.changed', false],
  [{ kind: 'wrong-size' }, 'huggingface.changed', false],
  [{ kind: 'wrong-commit' }, 'huggingface.changed', false],
  // The pointer of an LFS file in its place has another size than the file.
  [{ kind: 'pointer' }, 'huggingface.changed', false],
  [{ kind: 'html' }, 'huggingface.unavailable', true],
  [{ kind: 'json' }, 'huggingface.unavailable', true],
  [{ kind: 'bare-redirect' }, 'huggingface.unavailable', true],
  [{ kind: 'redirect', location: 'https://example.com/login' }, 'huggingface.unavailable', true],
  [{ kind: 'redirect', location: '/login' }, 'huggingface.unavailable', true],
  [{ kind: 'redirect', location: '' }, 'huggingface.bad-answer', true],
  [{ kind: 'redirect', location: 'http://[' }, 'huggingface.bad-answer', true],
  [{ kind: 'reset' }, 'huggingface.unreachable', true],
  [{ kind: 'cut-body' }, 'huggingface.unreachable', true],
  [{ kind: 'stall' }, 'huggingface.unreachable', true],
])('an answer that is not the file’s is told: %j', async (fault, code, retryable) => {
  await start()
  add()
  const file = await listed('model.safetensors')
  world.hub.inject({ fault, times: 1, endpoint: 'resolve' })
  expect(await failure(locate(file))).toMatchObject({ code, retryable })
  expect(world.host.requests).toEqual([])
})

test('a location that is not https is taken only where the Hub is not either', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  const headers = {
    location: 'ftp://example.com/x',
    'x-repo-commit': 'commit' in file.locator ? file.locator.commit : '',
  }
  world.hub.inject({ fault: { kind: 'status', status: 302, headers }, times: 1 })
  expect(await failure(locate(file))).toMatchObject({ code: 'huggingface.bad-answer' })
})

test('no failure shows a signed URL or the token', async () => {
  await start()
  add()
  const file = await listed('model.safetensors')
  world.hub.inject({ fault: { kind: 'wrong-etag' }, times: 1 })
  const error = await failure(locate(file))
  const shown = JSON.stringify([error.message, error.facts])
  expect(shown).not.toContain(world.host.url)
  expect(shown).not.toContain(LOCAL_HUGGINGFACE_TOKEN)
})
