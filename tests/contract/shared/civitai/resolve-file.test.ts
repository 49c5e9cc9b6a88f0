import { readFileSync } from 'node:fs'
import type { FileSpec, ModelSpec } from '#local/civitai/catalogue.ts'
import { refuseUnscanned } from '#shared/civitai/check-scans.ts'
import { type CivitaiWish, type ResolvedCivitaiFile, resolveCivitaiFile } from '#shared/civitai/resolve-file.ts'
import { type CivitaiWorld, failure, NOW, openCivitaiWorld } from './world.ts'

let world: CivitaiWorld
beforeEach(async () => {
  world = await openCivitaiWorld()
})
afterEach(() => world.close())

const resolve = (wish: Partial<CivitaiWish>): Promise<ResolvedCivitaiFile> =>
  resolveCivitaiFile(world.client, { modelId: null, versionId: null, ...wish }, { now: () => NOW })
const endpoints = (): string[] => world.standIn.requests.map(({ endpoint }) => endpoint)
/** A model of one version with these files. */
const oneVersion = (...files: FileSpec[]): ModelSpec => ({ id: 5, versions: [{ id: 50, files }] })

test('says everything that a copy and its document need', async () => {
  const name = 'pp style/../x.safetensors'
  const { versions } = world.standIn.addModel({
    id: 5,
    name: 'Storybook',
    type: 'LORA',
    versions: [
      { id: 50, name: 'v2', baseModel: 'Flux.1 D', trainedWords: ['ppx', 'style'], files: [{ id: 500, name }] },
    ],
  })
  const { sizeBytes, sha256 } = versions[0]!.files[0]!.hosted!
  expect(await resolve({ versionId: '50', modelId: '5' })).toEqual({
    file: {
      locator: { source: 'civitai', modelVersionId: '50', fileId: '500' },
      path: name,
      sizeBytes,
      sha256,
      gitBlobSha1: null,
    },
    fileId: '500',
    modelId: '5',
    versionId: '50',
    modelName: 'Storybook',
    versionName: 'v2',
    modelType: 'LORA',
    baseModel: 'Flux.1 D',
    triggerWords: ['ppx', 'style'],
    format: 'safetensors',
    virusScan: 'success',
    pickleScan: 'success',
  })
  expect(endpoints()).toEqual(['version'])
})

test('without a version takes the first that is published and has weights, and asks for it by its id', async () => {
  const training = { type: 'Training Data', format: 'Other' }
  world.standIn.addModel({
    id: 5,
    versions: [{ id: 50, status: 'Draft' }, { id: 51, files: [training] }, { id: 52 }, { id: 53 }],
  })
  expect(await resolve({ modelId: '5' })).toMatchObject({ versionId: '52', modelId: '5' })
  expect(endpoints()).toEqual(['model', 'version'])
})

test('without a version passes over early access; with it, leaves the refusal to the download, for it may be bought', async () => {
  const earlyAccess = new Date(NOW + 86_400_000)
  world.standIn.addModel({ id: 5, versions: [{ id: 50, earlyAccess }, { id: 51 }] })
  world.standIn.addModel({ id: 6, versions: [{ id: 60, earlyAccess: 'permanent' }] })
  expect(await resolve({ modelId: '5' })).toMatchObject({ versionId: '51' })
  expect(await resolve({ versionId: '50' })).toMatchObject({ versionId: '50' })
  expect(await resolve({ modelId: '6' })).toMatchObject({ versionId: '60' })
})

test('a named file wins over every rule, also where only the model is named', async () => {
  world.standIn.addModel({
    id: 5,
    versions: [
      { id: 50, files: [{ id: 500 }] },
      { id: 51, files: [{ id: 510 }, { id: 511, type: 'Training Data', format: 'Other' }] },
    ],
  })
  const named = { fileId: '511', versionId: '51', format: 'zip' }
  expect(await resolve({ versionId: '51', fileId: '511' })).toMatchObject(named)
  expect(await resolve({ modelId: '5', fileId: '511' })).toMatchObject(named)
  const gone = { code: 'civitai.no-such-file', retryable: false }
  expect(await failure(resolve({ modelId: '5', fileId: '999' }))).toMatchObject(gone)
  expect(await failure(resolve({ versionId: '50', fileId: '510' }))).toMatchObject(gone)
})

test('files of one name and one URL are told apart by their ids', async () => {
  const twins = { name: 'a.safetensors', size: 'pruned', fp: 'fp16' } as const
  const content = (seed: number) => ({ kind: 'safetensors', sizeBytes: 4_096, seed }) as const
  const { versions } = world.standIn.addModel(
    oneVersion(
      { id: 500, ...twins, content: content(1), isPrimary: false },
      { id: 501, ...twins, content: content(2), isPrimary: true },
    ),
  )
  const [first, second] = versions[0]!.files
  const resolved = await resolve({ versionId: '50' })
  expect(resolved.file).toMatchObject({ path: 'a.safetensors', sha256: second!.hosted!.sha256 })
  expect(resolved.file.locator).toMatchObject({ fileId: '501' })
  expect((await resolve({ versionId: '50', fileId: '500' })).file.sha256).toBe(first!.hosted!.sha256)
})

test('a choice picks among the weights, and one that nothing fits says what there is', async () => {
  world.standIn.addModel(
    oneVersion(
      { id: 500, size: 'full', fp: 'fp32' },
      { id: 501, size: 'pruned', fp: 'fp16' },
      { id: 502, format: 'PickleTensor', size: 'full', fp: 'fp16' },
    ),
  )
  expect(await resolve({ modelId: '5', choice: { size: 'full' } })).toMatchObject({ fileId: '500' })
  expect(await resolve({ versionId: '50', choice: { format: 'PickleTensor' } })).toMatchObject({ format: 'pickle' })
  const error = await failure(resolve({ versionId: '50', choice: { format: 'GGUF' } }))
  expect(error).toMatchObject({ code: 'civitai.no-such-file', retryable: false })
  expect(error.message).toContain('500 (Model safetensors full fp32), 501 (Model safetensors pruned fp16)')
  const byModel = await failure(resolve({ modelId: '5', choice: { format: 'GGUF' } }))
  expect(byModel).toMatchObject({ code: 'civitai.no-such-file' })
})

test('a lone pickle is found as what it is', async () => {
  world.standIn.addModel(oneVersion({ format: 'PickleTensor' }, { type: 'Training Data', format: 'Other' }))
  expect(await resolve({ modelId: '5' })).toMatchObject({ format: 'pickle' })
})

test.each<[what: string, model: ModelSpec, wish: Partial<CivitaiWish>, code: string]>([
  ['training data only', oneVersion({ type: 'Training Data', format: 'Other' }), {}, 'civitai.no-weights'],
  ['no files at all', oneVersion(), {}, 'civitai.no-weights'],
  ['no version', { id: 5, versions: [] }, { versionId: null }, 'civitai.no-weights'],
  ['archived', { ...oneVersion({}), mode: 'Archived' }, {}, 'civitai.archived'],
  ['taken down', { ...oneVersion({}), mode: 'TakenDown' }, {}, 'civitai.taken-down'],
  ['for generation only', { id: 5, versions: [{ id: 50, usageControl: 'Generation' }] }, {}, 'civitai.usage-control'],
  ['of another model', oneVersion({}), { modelId: '7', versionId: '50' }, 'civitai.wrong-version'],
  ['with a virus', oneVersion({ virusScan: 'Danger' }), {}, 'civitai.infected'],
  ['with code in it', oneVersion({ pickleScan: 'Danger' }), {}, 'civitai.scan-danger'],
  ['that could not be scanned', oneVersion({ virusScan: 'Error' }), {}, 'civitai.scan-failed'],
  ['that could not be looked into', oneVersion({ pickleScan: 'Error' }), {}, 'civitai.scan-failed'],
])('refuses a model %s for good', async (_what, model, wish, code) => {
  world.standIn.addModel(model)
  const byVersion = { modelId: '5', versionId: '50', ...wish }
  expect(await failure(resolve(byVersion))).toMatchObject({ code, retryable: false })
  if (wish.modelId !== undefined) return
  expect(await failure(resolve({ ...wish, modelId: '5' }))).toMatchObject({ code, retryable: false })
})

test('does not pass over a dangerous file to another one of the version', async () => {
  world.standIn.addModel(oneVersion({ virusScan: 'Danger' }, { format: 'PickleTensor' }))
  expect(await failure(resolve({ versionId: '50' }))).toMatchObject({ code: 'civitai.infected' })
})

test('a file before its scan has no hash yet; only formats that hold code need wait for it', async () => {
  world.standIn.addModel(oneVersion({}))
  world.standIn.inject({ fault: { kind: 'no-hashes' }, times: 1, endpoint: 'version' })
  const resolved = await resolve({ versionId: '50' })
  expect(resolved).toMatchObject({ file: { sha256: null }, virusScan: 'pending', pickleScan: 'pending' })
  expect(() => refuseUnscanned(resolved, NOW)).toThrow(
    expect.objectContaining({ code: 'civitai.scan-pending', retryable: true, retryAt: new Date(NOW + 900_000) }),
  )
  expect(() => refuseUnscanned({ ...resolved, virusScan: 'success', pickleScan: 'success' }, NOW)).not.toThrow()
  expect(() => refuseUnscanned({ ...resolved, virusScan: 'success', pickleScan: 'unknown' }, NOW)).toThrow()
})

test.each<[Partial<CivitaiWish>]>([
  [{}],
  [{ modelId: 'abc' }],
  [{ modelId: '5', versionId: 'v1' }],
  [{ modelId: 'a/b', versionId: '50' }],
  [{ modelId: '' }],
])('asks nothing for %j', async (wish) => {
  const error = await failure(resolve(wish))
  expect(error).toMatchObject({ code: 'civitai.bad-id', retryable: false })
  expect(world.standIn.requests).toEqual([])
})

test('an unknown model or version is no such thing', async () => {
  expect(await failure(resolve({ modelId: '999' }))).toMatchObject({ code: 'civitai.not-found' })
  expect(await failure(resolve({ versionId: '999' }))).toMatchObject({ code: 'civitai.not-found' })
})

test('resolves the recorded model by its id alone', async () => {
  for (const name of ['model.1231067', 'model-version.1387174']) {
    world.standIn.addRecorded(JSON.parse(readFileSync(`tests/fixtures/civitai/${name}.json`, 'utf8')))
  }
  expect(await resolve({ modelId: '1231067' })).toMatchObject({
    file: {
      locator: { source: 'civitai', modelVersionId: '1387174', fileId: '1289799' },
      sizeBytes: 19_281_048,
      sha256: '9753338ab693ca82bf89ed77a5d1912879e40051463ec6e330fb9866ce798668',
    },
    triggerWords: ['ppstorybook'],
    baseModel: 'Flux.1 D',
  })
})

test('what is stored with a job comes back the same', async () => {
  world.standIn.addModel(oneVersion({}))
  const resolved = await resolve({ versionId: '50' })
  expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved)
})
