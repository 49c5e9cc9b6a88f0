import { readFileSync } from 'node:fs'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { ListedEntry } from '#local/huggingface/repo-file.ts'
import type { RepoSpec } from '#local/huggingface/repos.ts'
import { SEED_REPOS } from '#local/huggingface/seed.ts'
import { resolveHuggingFaceModel } from '#shared/huggingface/resolve-model.ts'
import { failure, type HubWorld, startHubWorld, text, weights } from './harness.ts'

let world: HubWorld
const start = async (options: Parameters<typeof startHubWorld>[0] = {}) => {
  world = await startHubWorld(options)
}
afterEach(() => world.close())

const resolve = (request: Parameters<typeof resolveHuggingFaceModel>[1]) =>
  resolveHuggingFaceModel(world.client, request)
const add = (more: Partial<RepoSpec> & Pick<RepoSpec, 'files'>) => world.hub.addRepo({ id: 'ada/model', ...more })
const seeded = (id: string): RepoSpec => SEED_REPOS.find((repo) => repo.id === id)!

test('a LoRA is one file, with its size, its hash and what the repo says of it', async () => {
  await start()
  const { commit } = world.hub.addRepo(seeded('local/pixel-portrait-lora'))
  const model = await resolve({ repo: 'local/pixel-portrait-lora' })
  const path = 'pixel-portrait-lora.safetensors'
  expect(model).toEqual({
    layout: 'file',
    repo: 'local/pixel-portrait-lora',
    commit,
    modelName: 'pixel-portrait-lora',
    baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
    library: 'diffusers',
    pipelineTag: 'text-to-image',
    tags: ['lora', 'license:mit', 'base_model:stabilityai/stable-diffusion-xl-base-1.0', 'region:us'],
    gated: false,
    format: 'safetensors',
    totalBytes: 24 * 1024 * 1024,
    files: [
      {
        locator: { source: 'huggingface', repo: 'local/pixel-portrait-lora', commit, path },
        path,
        sizeBytes: 24 * 1024 * 1024,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        gitBlobSha1: null,
      },
    ],
  })
})

test('a pipeline is a folder of what its index names, each file with one of the two hashes', async () => {
  await start()
  world.hub.addRepo(seeded('local/tiny-diffusion'))
  const model = await resolve({ repo: 'local/tiny-stable-diffusion' })
  expect(model).toMatchObject({ repo: 'local/tiny-diffusion', layout: 'folder', format: 'safetensors' })
  expect(model.files.map(({ path, sha256, gitBlobSha1 }) => [path, sha256?.length, gitBlobSha1?.length])).toEqual([
    ['model_index.json', undefined, 40],
    ['scheduler/scheduler_config.json', undefined, 40],
    ['text_encoder/config.json', undefined, 40],
    ['text_encoder/model.safetensors', 64, undefined],
    ['tokenizer/merges.txt', undefined, 40],
    ['tokenizer/vocab.json', undefined, 40],
    ['unet/config.json', undefined, 40],
    ['unet/diffusion_pytorch_model.safetensors', 64, undefined],
    ['vae/config.json', undefined, 40],
    ['vae/diffusion_pytorch_model.safetensors', 64, undefined],
  ])
  // The old name redirects, which each file would pay for again.
  expect(model.files.map(({ locator }) => 'repo' in locator && locator.repo)).toEqual(
    Array(model.files.length).fill('local/tiny-diffusion'),
  )
  expect(model.totalBytes).toBe(model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes!, 0))
})

interface RecordedEntry extends ListedEntry {
  path: string
}
const fixture = (name: string) => JSON.parse(readFileSync(`tests/fixtures/huggingface/${name}`, 'utf8'))

test('a recorded repo is the folder that its library reads, weights by the hash of their content', async () => {
  await start()
  const { entries } = fixture('tree.bert-base-uncased.json') as { entries: RecordedEntry[] }
  world.hub.addRepo({
    id: 'google-bert/bert-base-uncased',
    formerIds: ['bert-base-uncased'],
    files: entries.map(({ path, ...listed }) => ({ path, listed })),
  })
  const model = await resolve({ repo: 'bert-base-uncased' })
  expect(model).toMatchObject({ repo: 'google-bert/bert-base-uncased', layout: 'folder', format: 'pickle' })
  expect(
    model.files.map(({ path, sizeBytes, sha256, gitBlobSha1 }) => [path, sizeBytes, sha256 ?? gitBlobSha1]),
  ).toEqual([
    ['config.json', 313, 'fca794a5f07ff8f963fe8b61e3694b0fb7f955df'],
    ['pytorch_model.bin', 440473133, '097417381d6c7230bd9e3557456d726de6e83245ec8b24f529f60198a67b203a'],
    ['vocab.txt', 231508, 'fb140275c155a9c7c5a3b3e0e77a9e839594a938'],
  ])
})

test('a branch that moves meanwhile is seen as it was at first', async () => {
  await start()
  const { commit } = add({ files: [weights('first.safetensors')] })
  world.hub.inject({ fault: { kind: 'branch-moves' }, times: 1 })
  const model = await resolve({ repo: 'ada/model' })
  expect(model.commit).toBe(commit)
  expect(model.files.map(({ locator }) => locator)).toMatchObject([{ commit, path: 'first.safetensors' }])
  expect(world.hub.requests.slice(1).map(({ revision }) => revision)).toEqual([commit])
})

test('a branch, one of git’s refs and a commit can be asked for; everything after names the commit', async () => {
  await start()
  const { commit } = add({
    files: [weights('main.safetensors')],
    branches: { 'refs/pr/1': [weights('pr.safetensors')], 'v2-beta#1%': [weights('v2.safetensors')] },
  })
  for (const [revision, path] of [
    ['refs/pr/1', 'pr.safetensors'],
    ['v2-beta#1%', 'v2.safetensors'],
    [commit, 'main.safetensors'],
  ] as const) {
    expect((await resolve({ repo: 'ada/model', revision })).files[0]!.path).toBe(path)
  }
})

test('a reference may name revision and file itself; what the request names wins', async () => {
  await start()
  add({
    files: [weights('a.safetensors'), weights('b.safetensors')],
    branches: { dev: [weights('a.safetensors', 3000), weights('b.safetensors', 4000)] },
  })
  const sizeOf = async (request: Parameters<typeof resolve>[0]) => (await resolve(request)).totalBytes
  expect(await sizeOf({ repo: 'ada/model@dev:a.safetensors' })).toBe(3000)
  expect(await sizeOf({ repo: `https://huggingface.co/ada/model/blob/dev/b.safetensors` })).toBe(4000)
  expect(await sizeOf({ repo: 'ada/model@dev:a.safetensors', revision: 'main', file: 'b.safetensors' })).toBe(2000)
})

test('a file that is named is that file, asked for by its path alone, whatever it is', async () => {
  await start()
  add({ files: [weights('sub/odd #1 100%.safetensors'), text('sub/config.json'), weights('x.safetensors')] })
  const model = await resolve({ repo: 'ada/model', file: 'sub/odd #1 100%.safetensors' })
  expect(model).toMatchObject({ layout: 'file', format: 'safetensors' })
  expect(model.files).toMatchObject([
    { path: 'odd #1 100%.safetensors', locator: { path: 'sub/odd #1 100%.safetensors' } },
  ])
  expect(world.hub.requests.map(({ endpoint }) => endpoint)).toEqual(['model', 'paths-info'])
  expect(await resolve({ repo: 'ada/model', file: 'sub/config.json' })).toMatchObject({ layout: 'file', format: null })
})

test('a folder that is named is the model in it, its paths from there', async () => {
  await start()
  add({
    files: [
      weights('unet/diffusion_pytorch_model.safetensors'),
      text('unet/config.json'),
      weights('unet2/diffusion_pytorch_model.safetensors'),
      weights('loras/only.safetensors'),
    ],
  })
  const unet = await resolve({ repo: 'ada/model', file: 'unet' })
  expect(unet.layout).toBe('folder')
  expect(unet.files.map(({ path, locator }) => [path, 'path' in locator && locator.path])).toEqual([
    ['config.json', 'unet/config.json'],
    ['diffusion_pytorch_model.safetensors', 'unet/diffusion_pytorch_model.safetensors'],
  ])
  const lora = await resolve({ repo: 'ada/model:loras/' })
  expect(lora).toMatchObject({ layout: 'file', files: [{ path: 'only.safetensors' }] })
})

test('patterns make a folder of what they allow, or a file where that is one', async () => {
  await start()
  world.hub.addRepo(seeded('local/tiny-diffusion'))
  const paths = async (allowPatterns: string[], ignorePatterns: string[] = []) => {
    const model = await resolve({ repo: 'local/tiny-diffusion', allowPatterns, ignorePatterns })
    return [model.layout, ...model.files.map(({ path }) => path)]
  }
  expect(await paths(['vae/'])).toEqual(['folder', 'vae/config.json', 'vae/diffusion_pytorch_model.safetensors'])
  expect(await paths(['*fp16*'])).toEqual(['file', 'diffusion_pytorch_model.fp16.safetensors'])
  expect(await paths(['text_encoder/*'], ['*.safetensors', '*.json'])).toEqual(['file', 'pytorch_model.bin'])
  const rest = await resolve({
    repo: 'local/tiny-diffusion',
    ignorePatterns: ['*/diffusion_pytorch_model.safetensors'],
  })
  expect(rest.files.map(({ path }) => path)).toContain('unet/diffusion_pytorch_model.fp16.safetensors')
  const none = await failure(resolve({ repo: 'local/tiny-diffusion', allowPatterns: ['*.gguf'] }))
  expect(none).toMatchObject({ code: 'huggingface.no-weights', retryable: false })
})

test.each([
  ['one long pattern', ['*'.repeat(5_000)]],
  ['very many empty ones', Array.from({ length: 5_000 }, () => '')],
])('%s is refused before anything is asked', async (_, ignorePatterns) => {
  await start()
  expect(await failure(resolve({ repo: 'ada/model', ignorePatterns }))).toMatchObject({
    code: 'huggingface.bad-patterns',
    retryable: false,
  })
  expect(world.sent).toEqual([])
})

test('a tree of many pages is read to its end', async () => {
  await start()
  add({ files: [...Array.from({ length: 25 }, (_, at) => text(`docs/${at}.txt`)), weights('z-last.safetensors')] })
  world.hub.inject({ fault: { kind: 'small-pages', entries: 10 }, times: 3 })
  expect(await resolve({ repo: 'ada/model' })).toMatchObject({ files: [{ path: 'z-last.safetensors' }] })
})

test('the token is not sent to a next page at another origin', async () => {
  await start()
  add({ files: [weights('a.safetensors')] })
  world.hub.inject({ fault: { kind: 'foreign-next-page', origin: world.host.url }, times: 1 })
  expect(await failure(resolve({ repo: 'ada/model' }))).toMatchObject({ code: 'huggingface.bad-answer' })
  expect(world.host.requests).toEqual([])
})

test('a list that goes in a circle is left', async () => {
  await start()
  add({ files: [weights('a.safetensors')] })
  world.hub.inject({ fault: { kind: 'circular-pages' }, times: 1 })
  expect(await failure(resolve({ repo: 'ada/model' }))).toMatchObject({ code: 'huggingface.bad-answer' })
})

test.each([
  '../../../etc/passwd.safetensors',
  '/abs.safetensors',
  'a//b.safetensors',
  'a\u0000b.safetensors',
  'a\nb.safetensors',
])('a repo whose model is at %j is refused', async (path) => {
  await start()
  add({ files: [text('README.md')] })
  world.hub.inject({ fault: { kind: 'extra-path', path }, times: 1 })
  const error = await failure(resolve({ repo: 'ada/model' }))
  expect(error).toMatchObject({ code: 'model.bad-path', retryable: false })
})

test('a path that leads out of the repo is not asked for', async () => {
  await start()
  add({ files: [weights('a.safetensors')] })
  const error = await failure(resolve({ repo: 'ada/model', file: '../../whoami-v2' }))
  expect(error).toMatchObject({ code: 'model.bad-path', retryable: false })
  expect(world.hub.requests).toEqual([])
})

test.each(['..', 'a b', 'x\u0000', '\ud800', '-rf', 'a/../b'])('a revision %j is not asked for', async (revision) => {
  await start()
  add({ files: [weights('a.safetensors')] })
  const error = await failure(resolve({ repo: 'ada/model', revision }))
  expect(error).toMatchObject({ code: 'huggingface.revision-not-found', retryable: false })
  expect(world.hub.requests).toEqual([])
})

test('a bad path among files that are not taken is nobody’s trouble', async () => {
  await start()
  add({ files: [weights('a.safetensors')] })
  world.hub.inject({ fault: { kind: 'extra-path', path: '../x.txt' }, times: 1 })
  expect((await resolve({ repo: 'ada/model' })).files).toHaveLength(1)
})

test('several models are listed, with how to name one', async () => {
  await start()
  add({ files: ['f', 'e', 'd', 'c', 'b', 'a'].map((name) => weights(`${name}.safetensors`)) })
  const error = await failure(resolve({ repo: 'ada/model', revision: 'main' }))
  expect(error).toMatchObject({ code: 'huggingface.ambiguous', retryable: false })
  expect(error.message).toBe(
    'ada/model at Hugging Face holds several models (a.safetensors, b.safetensors, c.safetensors, d.safetensors, ' +
      'e.safetensors and 1 more); name one as ada/model@main:a.safetensors.',
  )
})

test('metadata with odd and missing fields is enough', async () => {
  await start()
  add({ files: [weights('a.safetensors')], baseModel: 'x/y', library: 'diffusers' })
  world.hub.inject({ fault: { kind: 'odd-fields' }, times: 1 })
  expect(await resolve({ repo: 'ada/model' })).toMatchObject({ library: null, tags: [], baseModel: null, gated: false })
})

test.each<[RepoSpec['baseModel'], string[], string | null]>([
  ['stabilityai/sdxl', [], 'stabilityai/sdxl'],
  [['a/first', 'b/second'], [], 'a/first'],
  [undefined, ['base_model:adapter:org/name'], 'org/name'],
  [undefined, ['base_model:org/name', 'base_model:adapter:org/name'], 'org/name'],
  [undefined, ['lora'], null],
])('the base model of card %j and tags %j is %j', async (baseModel, tags, expected) => {
  await start()
  add({ files: [weights('a.safetensors')], tags, ...(baseModel === undefined ? {} : { baseModel }) })
  expect((await resolve({ repo: 'ada/model' })).baseModel).toBe(expected)
})

test('the metadata of a gated repo is read by everybody; a pipeline’s index is a file, and is not', async () => {
  await start()
  world.hub.addRepo({ ...seeded('local/gated-portrait') })
  world.hub.addRepo({ ...seeded('local/tiny-diffusion'), id: 'local/gated-pipeline', formerIds: [], gated: 'auto' })
  expect(await resolve({ repo: 'local/gated-portrait' })).toMatchObject({ gated: 'manual', layout: 'file' })
  expect(await failure(resolve({ repo: 'local/gated-pipeline' }))).toMatchObject({ code: 'huggingface.gated' })
  world.hub.grantAccess('local/gated-pipeline', LOCAL_HUGGINGFACE_TOKEN)
  expect(await resolve({ repo: 'local/gated-pipeline' })).toMatchObject({ gated: 'auto', layout: 'folder' })
})

test.each<[content: string, code: string]>([
  ['{"unet": ', 'huggingface.bad-index'],
  ['[]', 'huggingface.bad-index'],
  ['{"_class_name": "X", "unet": [null, null], "boost": true}', 'huggingface.no-weights'],
])('a pipeline whose index is %j is refused', async (content, code) => {
  await start()
  add({ files: [text('model_index.json', content), weights('unet/model.safetensors')] })
  expect(await failure(resolve({ repo: 'ada/model' }))).toMatchObject({ code, retryable: false })
})

test('a page in place of a pipeline’s index says nothing of the model', async () => {
  await start()
  add({ files: [text('model_index.json'), weights('unet/model.safetensors')] })
  world.hub.inject({ fault: { kind: 'html' }, times: 1, endpoint: 'resolve' })
  expect(await failure(resolve({ repo: 'ada/model' }))).toMatchObject({ code: 'huggingface.unavailable' })
})

test('what is asked can be ended at any time, with the caller’s reason', async () => {
  await start()
  add({ files: [weights('a.safetensors')] })
  world.hub.inject({ fault: { kind: 'hang' }, times: 1, endpoint: 'tree' })
  const stop = new AbortController()
  const ended = failure(resolve({ repo: 'ada/model', signal: stop.signal }))
  while (world.hub.requests.at(-1)?.fault !== 'hang') await new Promise((resolve) => setImmediate(resolve))
  const reason = new Error('canceled')
  stop.abort(reason)
  expect(await ended).toBe(reason)
})
