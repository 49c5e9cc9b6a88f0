import { modelPath } from '../../../cli/models/model-path.ts'
import { forgeHere } from '../../support/forge.ts'
import { until } from '../../support/until.ts'
import { openRegistryWorld, type RegistryWorld } from '../services/api/registry/world.ts'

let world: RegistryWorld
let env: Record<string, string>
beforeAll(async () => {
  world = await openRegistryWorld()
  const { FIRESTORE_EMULATOR_HOST = '', STORAGE_EMULATOR_HOST = '', GOOGLE_APPLICATION_CREDENTIALS = '' } = process.env
  const servers = { FIRESTORE_EMULATOR_HOST, STORAGE_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS }
  const { token } = await world.api.signIn('ana')
  env = { ...servers, METADATA_SERVER_DETECTION: 'none', FORGE_API_URL: world.instance.url, FORGE_TOKEN: token }
  world.civitai.addModel({
    id: 4384,
    name: 'Dream\u001B[31mShaper',
    type: 'Checkpoint',
    stats: { downloadCount: 1_234_567, thumbsUpCount: 90, thumbsDownCount: 10 },
    versions: [
      { id: 8, name: 'eight', baseModel: 'SD 1.5', publishedAt: new Date('2026-02-01'), files: [{ id: 81 }] },
      { id: 7, name: 'seven', baseModel: 'SD 1.5', publishedAt: new Date('2026-01-01'), trainedWords: ['dreamy'] },
    ],
  })
  for (const id of [51, 52, 53]) {
    const versions = [{ id: id * 10, name: 'v1', baseModel: 'SD 1.5', files: [{}] }]
    world.civitai.addModel({ id, name: `Rain ${id}`, type: 'LORA', versions })
  }
  world.hub.addRepo({
    id: 'ann/rain',
    pipelineTag: 'text-to-image',
    tags: ['lora'],
    baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
    files: [{ path: 'rain.safetensors', content: { kind: 'safetensors', sizeBytes: 1024, seed: 3 } }],
  })
})
afterAll(() => world.close())

const run = (...args: string[]) => forgeHere(['models', ...args], env)
const modelsOf = (records: Record<string, unknown>[]) =>
  records.filter(({ type }) => type === 'model').map(({ model }) => model as Record<string, unknown>)

test('searches both hubs, as a table and as objects, and goes on from a page', async () => {
  const text = await run('search', 'rain', '--type', 'lora')
  expect(text).toMatchObject({ exitCode: 0, stderr: '' })
  const [head, ...rows] = text.stdout.trimEnd().split('\n')
  expect(head).toMatch(/^ID +TYPE +BASE +SIZE +DOWNLOADS +STATUS +NAME$/)
  expect(rows.map((row) => row.split(/ +/)[0]).toSorted()).toEqual([
    'civitai:51@510',
    'civitai:52@520',
    'civitai:53@530',
    'hf:ann/rain',
  ])

  const first = (await run('search', 'rain', '--type', 'lora', '--limit', '3', '--json')).records()
  const page = first.at(-1)
  expect(page).toMatchObject({ type: 'page', nextCursor: expect.any(String), notes: [] })
  const cursor = String(page?.nextCursor)
  const second = (await run('search', 'rain', '--type', 'lora', '--limit', '3', '--cursor', cursor, '--json')).records()
  const ids = [...modelsOf(first), ...modelsOf(second)].map(({ id }) => id)
  expect(ids).toHaveLength(4)
  expect(new Set(ids).size).toBe(4)
  expect((await run('search', 'rain', '--limit', '3')).stderr).toContain('There are more: --limit')
})

test('a source that fails leaves a note beside the result, and the rest is shown', async () => {
  world.hub.inject({ fault: { kind: 'status', status: 503 }, times: 1 })
  const answer = await run('search', 'rain', '--sort', 'newest')
  expect(answer.exitCode).toBe(0)
  expect(answer.stdout).toContain('civitai:51@510')
  expect(answer.stderr).toMatch(/^huggingface: .*\(huggingface\.[\w.-]+\)$/m)
})

test('adds, shows, lists, looks for updates and removes', async () => {
  const added = await run('add', 'civitai:4384@7', '--name', 'Painter', '--json')
  expect(added).toMatchObject({ exitCode: 0, stderr: '' })
  const [{ model_id: modelId }] = modelsOf(added.records()) as [{ model_id: string }]
  expect(modelId).toMatch(/^civitai-4384-v7~/)
  expect((await run('add', 'civitai:4384@7', '--json')).records()).toHaveLength(1)

  const shown = await run('show', 'civitai:4384@7')
  expect(shown.stdout).toMatch(/^Painter\n {2}id +civitai:4384@7\n {2}model +civitai-4384-v7~\w+\n/)
  expect(shown.stdout).toMatch(/^ {2}trigger words {2}dreamy$/m)
  expect(shown.stdout).toMatch(/^ {2}downloads +1234567$/m)

  const listed = await run('ls')
  expect(listed.stdout).toMatch(/^civitai-4384-v7~\w+ +base_model +sd15 .* 1\.2M +registered +Painter$/m)
  expect(modelsOf((await run('ls', '--type', 'lora,vae', '--json')).records())).toEqual([])

  const edited = await run(
    'edit',
    modelId,
    '--tag',
    'oil',
    '--tag',
    'canvas',
    '--weight',
    '0.8',
    '--trigger',
    '',
    '--json',
  )
  const [change] = modelsOf(edited.records())
  expect(change).toMatchObject({ name: 'Painter', tags: ['oil', 'canvas'], recommended_weight: 0.8, trigger_words: [] })

  const updates = await run('updates', '--json')
  expect(updates.records()).toMatchObject([
    { type: 'update', update: { model_id: modelId, current: { version: 'seven' }, newest: { version: 'eight' } } },
    { type: 'page', nextCursor: null },
  ])
  expect((await run('updates')).stdout).toMatch(/^civitai-4384-v7~\w+ +seven +eight +http/m)

  const loras = await run('loras', modelId, '--json')
  expect(modelsOf(loras.records()).map(({ base_model }) => base_model)).toEqual(['sd15', 'sd15', 'sd15'])

  expect(await run('rm', modelId)).toMatchObject({ exitCode: 2, stdout: '' })
  const removed = await run('rm', modelId, 'nowhere', '--yes', '--json')
  expect(removed.exitCode).toBe(1)
  expect(removed.records()).toMatchObject([
    { type: 'removed', model: modelId },
    { type: 'refused', model: 'nowhere', code: 'model.not-found' },
  ])
  expect((await run('ls')).stdout).toBe('Nothing is registered.\n')
})

test('what a stranger named does not speak to the terminal', async () => {
  const { stdout } = await run('show', 'civitai:4384@8')
  expect(stdout).toMatch(/^Dream/)
  expect(stdout).not.toContain('\u001B')
})

test('add --sync and sync follow the copy to its end, and say how it ended', async () => {
  const { model_id: id } = modelsOf((await run('add', 'civitai:51@510', '--json')).records())[0] as { model_id: string }
  const document = world.api.db.doc(`ai_models/${id}`)
  const gcsUri = 'gs://charaforge-local-models/models/rain.safetensors'
  const adding = run('add', 'civitai:51@510', '--sync', '--json')
  await until(async () => (await document.get()).get('syncStatus') === 'syncing')
  await document.update({ syncStatus: 'synced', gcsUri })
  const added = await adding
  expect(added.exitCode).toBe(0)
  expect(added.records().at(-1)).toMatchObject({ type: 'end', model: document.id, state: 'synced', gcs_uri: gcsUri })

  await document.update({ syncStatus: 'notsynced', gcsUri: null })
  const syncing = run('sync', document.id)
  await until(async () => (await document.get()).get('syncStatus') === 'syncing')
  await document.update({ syncStatus: 'notsynced', syncErrorCode: 'civitai.gone', syncError: 'It is gone.' })
  const failed = await syncing
  expect(failed).toMatchObject({ exitCode: 1, stderr: '' })
  expect(failed.stdout).toBe(`${document.id}  asked for\n${document.id}  failed (civitai.gone): It is gone.\n`)

  const unknown = await run('sync', 'nowhere', '--json')
  expect(unknown.exitCode).toBe(1)
  expect(unknown.records()).toMatchObject([{ type: 'refused', model: 'nowhere', code: 'model.not-found' }])
})

test('of several syncs each end is told, also that of a model which went away meanwhile', async () => {
  const ids: string[] = []
  for (const source of ['civitai:52@520', 'civitai:53@530']) {
    const [model] = modelsOf((await run('add', source, '--json')).records())
    ids.push(String(model?.model_id))
  }
  const [gone = '', stays = ''] = ids
  const watching = run('sync', gone, stays, '--json')
  const document = (id: string) => world.api.db.doc(`ai_models/${id}`)
  for (const id of ids) await until(async () => (await document(id).get()).get('syncStatus') === 'syncing')
  await document(gone).delete()
  await document(stays).update({ syncStatus: 'synced', gcsUri: 'gs://charaforge-local-models/models/rain.safetensors' })
  const { exitCode, records } = await watching
  expect(exitCode).toBe(1)
  const ends = new Map(records().flatMap((one) => (one.type === 'end' ? [[one.model, one] as const] : [])))
  expect(ends.get(gone)).toMatchObject({ state: 'unknown', code: 'model.not-found' })
  expect(ends.get(stays)).toMatchObject({ state: 'synced', code: null })
})

test.each([
  [
    'a type that is none',
    ['search', '--type', 'lora,sculpture'],
    /^--type takes base_model, lora, .*; not "sculpture"\.$/,
  ],
  ['an order that is none', ['search', '--sort', 'best'], /^--sort takes popularity, .*; not "best"\.$/],
  ['words for a list', ['ls', 'rain'], /^models ls takes options only; "models search" looks for words\.$/],
  ['nothing to add', ['add', ' '], /^Name one source\.$/],
  ['two to show', ['show', 'a', 'b'], /^Name one model\.$/],
  ['nothing to change', ['edit', 'a'], /^Say what to change: --name, --description, --tag, --trigger or --weight\.$/],
  ['a weight that is none', ['edit', 'a', '--weight', 'heavy'], /^--weight takes a number up to 2, not "heavy"\.$/],
  ['nothing to sync', ['sync'], /^Name the models\.$/],
])('%s is a usage error', async (_what, args, sentence) => {
  const answer = await run(...args)
  expect(answer).toMatchObject({ exitCode: 2, stdout: '' })
  expect(answer.stderr.split('\n')[0]).toMatch(sentence)
})

test('a source that is none is the API’s to refuse, with its word on it', async () => {
  const answer = await run('add', 'nonsense')
  expect(answer.exitCode).toBe(1)
  expect(answer.stderr).toMatch(/\S+\.\n/)
})

test('ids are whole parts of a path', () => {
  expect(modelPath('hf:a/b@c:d e')).toBe('/api/registry/models/hf%3Aa%2Fb%40c%3Ad%20e')
})
