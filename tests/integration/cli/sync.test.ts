import { localBuckets } from '#local/environment.ts'
import { forge, forgeHere } from '../../support/forge.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'
import { until } from '../../support/until.ts'

const MiB = 1024 * 1024

let world: ModelCloud
beforeAll(async () => {
  world = await startModelCloud({ service: true })
})
afterAll(() => world.close())

const run = (...args: string[]) => forgeHere(['sync', ...args], world.env)
const modelOf = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).data()

test('syncs a model of the app, shows where it lies, and once more says that it is there', async () => {
  const { sha256, ...ids } = world.addCivitaiModel(2 * MiB)
  await world.db.doc('ai_models/one').set({ name: 'One', syncStatus: 'notsynced', engine: 'huggingface', ...ids })
  const first = await run('one', '--watch')
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  const gcsUri = `gs://${localBuckets.models}/models/One/${ids.versionId}.safetensors`
  const lines = first.stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^one {2}asked for, job [0-9a-f]{40}$/)
  expect(lines.at(-4)).toMatch(/^one {2}synced in \d+\.\d s$/)
  expect(lines.slice(-3, -1)).toEqual([`    ${gcsUri}`, `    sha256 ${sha256}`])
  expect(lines.at(-1)).toMatch(/^ {4}2\.00 MiB, \d[\d.]+ [KMG]iB\/s on average$/)
  expect(await modelOf('one')).toMatchObject({ syncStatus: 'synced', gcsUri, sha256 })

  const again = await run('one', '--watch', '--json')
  const end = { type: 'end', modelId: 'one', state: 'done', gcsUri, sha256, sizeBytes: 2 * MiB, bytesPerSecond: null }
  expect(again.exitCode).toBe(0)
  expect(again.records().at(-1)).toMatchObject(end)
})

test('--civitai takes the address of a download, makes one document of it and syncs that', async () => {
  const content = (seed: number) => ({ kind: 'safetensors', sizeBytes: 300_000, seed }) as const
  const { id, versions } = world.cloud.hubs.civitai.addModel({
    versions: [
      {
        files: [
          { fp: 'fp16', content: content(101) },
          { fp: 'fp32', content: content(102) },
        ],
      },
    ],
  })
  const [version] = versions
  const chosen = version!.files[1]!
  const address = `${world.cloud.hubs.civitai.url}/api/download/models/${version!.id}?type=Model&fp=fp32&token=secret`
  const answer = await run('--civitai', address, '--name', 'Rain', '--type', 'lora', '--json')
  const modelId = `civitai-v${version!.id}-f${chosen.id}`
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  expect(answer.records().at(-1)).toMatchObject({ type: 'end', modelId, state: 'done', sha256: chosen.hosted!.sha256 })
  expect(await modelOf(modelId)).toMatchObject({
    name: 'Rain',
    type: 'lora',
    engine: 'civitai',
    versionId: String(version!.id),
    civitaiFileId: String(chosen.id),
    userId: null,
    syncStatus: 'synced',
    createdAt: expect.anything(),
  })
  const again = await run('--civitai', address, '--no-watch', '--json')
  expect(again.records()).toMatchObject([{ modelId, outcome: 'requested' }])
  expect((await run('--civitai', `${id}@${version!.id}`, '--no-watch', '--json')).records()).toMatchObject([
    { modelId: `civitai-${id}-v${version!.id}` },
  ])
})

test('--huggingface takes a file of a revision', async () => {
  world.cloud.hubs.huggingface.addRepo({
    id: 'ann/tiny',
    files: [{ path: 'README.md', content: { kind: 'bytes', bytes: Buffer.from('# tiny') } }],
    branches: {
      other: [{ path: 'sub/tiny.safetensors', content: { kind: 'safetensors', sizeBytes: 200_000, seed: 9 } }],
    },
  })
  const answer = await run('--huggingface', 'ann/tiny@other:sub/tiny.safetensors', '--json')
  expect(answer.records().at(-1)).toMatchObject({ type: 'end', state: 'done', sizeBytes: 200_000 })
  const modelId = String(answer.records()[0]?.modelId)
  expect(modelId).toMatch(/^hf-ann--tiny-[0-9a-f]{12}$/)
  expect(await modelOf(modelId)).toMatchObject({ name: 'tiny', hf_id: 'ann/tiny', revision: 'other' })
})

test('--url: a file that is not what it must be is a failure with its reason, and exit code 1', async () => {
  const { fileHost } = world.cloud.hubs
  const file = fileHost.add({ content: { kind: 'safetensors', sizeBytes: 100_000, seed: 11 } })
  const call = ['--url', fileHost.locationOf(file), '--sha256', 'AB'.repeat(32)]
  const answer = await run(...call, '--json')
  expect(answer.exitCode).toBe(1)
  const end = answer.records().at(-1)
  expect(end).toMatchObject({ type: 'end', state: 'failed', gcsUri: null, message: expect.stringMatching(/\.$/) })
  expect(await modelOf(String(end?.modelId))).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: end?.code })
})

test('what is for sale still is a failure that says when it is asked for again', async () => {
  const earlyAccess = new Date(Date.now() + 3_600_000)
  const { id } = world.cloud.hubs.civitai.addModel({ versions: [{ earlyAccess, files: [{}] }] })
  const answer = await run('--civitai', String(id))
  expect(answer.exitCode).toBe(1)
  const [code, again] = answer.stdout.trimEnd().split('\n').slice(-2)
  expect(code).toMatch(/ {2}failed after \d+\.\d s \(civitai\.early-access\): .*\.$/)
  expect(again).toMatch(/^ {4}It is asked for again by itself after \d{4}-\d\d-\d\dT.*Z\.$/)
})

test('what there is no document of is refused, and nothing is made; no bucket of the app is needed', async () => {
  const { STORAGE_BUCKET: _bucket, ...env } = world.env
  const answer = await forgeHere(['sync', 'nowhere', '--json'], env)
  expect(answer.exitCode).toBe(1)
  expect(answer.records()).toMatchObject([{ outcome: 'refused', code: 'sync.no-document' }])
  expect(await modelOf('nowhere')).toBeUndefined()
})

test('a slow copy is shown as it goes, Ctrl-C ends the watching alone, and --cancel the sync', async () => {
  world.cloud.hubs.fileHost.shape({ slowBeyond: { lanes: 0, bytesPerSecond: MiB } })
  const { sha256: _sha256, ...ids } = world.addCivitaiModel(64 * MiB)
  await world.db.doc('ai_models/slow').set({ name: 'Slow', syncStatus: 'notsynced', ...ids })
  const watching = forge(['sync', 'slow', '--watch'], { env: world.env })
  await until(async () => watching.stdoutSoFar().includes('copying'))
  watching.child.kill('SIGINT')
  const second = run('slow', '--watch', '--json')
  const { exitCode, stdout, stderr } = await watching.ended
  expect(exitCode).toBe(130)
  expect(stdout).toMatch(/\nslow {2}copying {2}\d+ % {2}[\d.]+ of 64\.0 MiB/)
  expect(stderr).toContain('The sync goes on: "forge sync slow --watch"')

  expect((await run('slow', '--cancel', '--json')).records()).toMatchObject([{ outcome: 'canceled' }])
  const canceled = await second
  expect(canceled.exitCode).toBe(1)
  const [request, ...rest] = canceled.records()
  expect(request).toMatchObject({ outcome: 'under-way' })
  expect(rest.find((one) => one.type === 'progress')).toMatchObject({
    phase: 'copying',
    sizeBytes: 64 * MiB,
    percent: expect.any(Number),
    lanes: expect.any(Number),
  })
  // By the event of the document, or by the sync's own next look at it.
  const code = expect.stringMatching(/^sync\.(withdrawn|not-wanted)$/)
  expect(rest.at(-1)).toMatchObject({ type: 'end', state: 'canceled', code })
})
