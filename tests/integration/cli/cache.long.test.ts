import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Timestamp } from '@google-cloud/firestore'
import { localBuckets, localProject } from '#local/environment.ts'
import { signInByKey } from '#local/identity/local-user.ts'
import { forge, forgeHere } from '../../support/forge.ts'
import { type ModelApi, startModelApi } from '../../support/model-api.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'
import { until } from '../../support/until.ts'

const SIZE = 256 * 1024

let world: ModelCloud
let api: ModelApi

beforeAll(async () => {
  world = await startModelCloud({ service: true })
  api = await startModelApi(world)
})

afterAll(async () => {
  await api.stop()
  await world.close()
})

const run = (...args: string[]) => forgeHere(['cache', ...args], api.env)
const statusOf = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).get('syncStatus')
const listed = async () => (await run('ls', '--json')).records().map(({ models }) => modelIdsOf(models))
const modelIdsOf = (models: unknown) => (models as { model_id: string }[]).map(({ model_id }) => model_id).join()

/** Syncs models of 256 KiB each; they were used in their order, a moment ago. */
async function syncModels(...ids: string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const { sha256: _sha256, ...source } = world.addCivitaiModel(SIZE)
      await world.db.doc(`ai_models/${id}`).set({ name: id, syncStatus: 'syncing', engine: 'civitai', ...source })
      await until(async () => (await statusOf(id)) === 'synced')
    }),
  )
  const beginMs = Date.now() - 60_000
  for (const [index, id] of ids.entries()) {
    const { docs } = await world.db.collection('model_files').where('users', 'array-contains', id).get()
    for (const { ref } of docs) await ref.update({ lastUsedAt: Timestamp.fromMillis(beginMs + index * 1000) })
  }
}

test('what is synced is listed, pinned, and evicted but for what is pinned or may be downloaded', async () => {
  await syncModels('one', 'two', 'three', 'four')
  expect(await listed()).toEqual(['one', 'two', 'three', 'four'])
  const table = (await run('ls')).stdout.split('\n')
  expect(table[0]).toMatch(/^FILE +SIZE +LAST USED +STATE +MODELS$/)
  expect(table[1]).toMatch(/^[0-9a-f]{12} +256 KiB +\d{4}-\d\d-\d\d \d\d:\d\d +- +one$/)

  const pinned = await run('pin', 'one')
  expect(pinned).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{12} {2}pinned {2}gs:\/\//) })
  // To be downloaded, which is a use: the last of all.
  const token = await signInByKey(world.dataDir)
  const answer = await fetch(`${api.url}/api/registry/models/two/download-url`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  const { url } = (await answer.json()) as { url: string }
  expect((await run('du')).stdout).toMatch(
    /^used +1\.00 MiB +no limit\n +files +1\.00 MiB +4 files\n +pinned +256 KiB +1 file\n +leased +256 KiB +1 file\n/,
  )

  const dry = await run('clean', '--max-size', '0', '--json')
  expect(dry.records()).toMatchObject([
    {
      type: 'plan',
      evict: [{ models: [{ model_id: 'three' }] }, { models: [{ model_id: 'four' }] }],
      keep: [{ why: 'pinned' }, { why: 'leased' }],
    },
  ])
  const words = await run('clean', '--max-size', '0', '--keep-recent', '2')
  expect(words.stdout).toMatch(/^evict +[0-9a-f]{12} +256 KiB .* three$/m)
  expect(words.stdout).toMatch(/^keep \(recent\) +.* four$/m)
  expect(words.stderr).toBe('Nothing was done; --yes does it.\n')
  expect(await listed()).toHaveLength(4)

  const cleaned = await run('clean', '--max-size', '0', '--yes', '--json')
  expect(cleaned.exitCode).toBe(0)
  expect(cleaned.records().at(-1)).toMatchObject({
    type: 'end',
    state: 'done',
    deleted_count: 2,
    freed_bytes: 2 * SIZE,
    freed_space_gb: 0,
    kept_models: [
      { models: ['one'], why: 'pinned' },
      { models: ['two'], why: 'leased' },
    ],
  })
  expect(await listed()).toEqual(['one', 'two'])
  expect(await Promise.all(['one', 'two', 'three', 'four'].map(statusOf))).toEqual([
    'synced',
    'synced',
    'notsynced',
    'notsynced',
  ])
  expect((await world.objects()).toSorted()).toEqual([
    expect.stringMatching(/^models\/one\//),
    expect.stringMatching(/^models\/two\//),
  ])
  const downloaded = await fetch(url)
  expect((await downloaded.arrayBuffer()).byteLength).toBe(SIZE)

  expect((await run('unpin', 'one')).stdout).toMatch(/ {2}not pinned {2}/)
  expect((await run('rm', 'one', 'two', '--json')).records()).toMatchObject([
    { evict: [{ models: [{ model_id: 'one' }] }], keep: [{ why: 'leased' }] },
  ])
  const last = await run('rm', 'one', 'two', '--yes')
  expect(last).toMatchObject({ exitCode: 0, stderr: '' })
  expect(last.stdout.split('\n').at(-2)).toBe('1 file evicted, 256 KiB freed; 1 kept.')
  expect(await listed()).toEqual(['two'])
})

test('a verification finds what is lost and what nobody knows, and --repair puts right what can be', async () => {
  await syncModels('kept', 'lost')
  expect(await run('verify')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/all is as it should be\.\n$/),
  })

  const uri = String((await world.db.doc('ai_models/lost').get()).get('gcsUri'))
  const bucket = world.storage.bucket(localBuckets.models)
  await bucket.file(uri.slice(`gs://${localBuckets.models}/`.length)).delete()
  const found = await run('verify', '--json')
  expect(found.exitCode).toBe(1)
  expect(found.records().at(-1)).toMatchObject({
    type: 'end',
    state: 'done',
    repaired: false,
    findings: [{ kind: 'missing', uri, models: ['lost'] }],
  })
  expect(await statusOf('lost')).toBe('synced')

  const repaired = await run('verify', '--repair')
  expect(repaired.exitCode).toBe(0)
  expect(repaired.stdout).toMatch(new RegExp(`^missing +${uri} +lost`, 'm'))
  expect(await statusOf('lost')).toBe('notsynced')
  expect((await run('verify')).exitCode).toBe(0)

  await bucket.file('models/nobody/1.bin').save('nobody knows it', { resumable: false })
  const stray = await run('verify', '--repair', '--json')
  expect(stray.exitCode).toBe(1)
  expect(stray.records().at(-1)).toMatchObject({ findings: [{ kind: 'stray', file_id: null }] })
  await bucket.file('models/nobody/1.bin').delete()
})

test('what the bucket’s access log tells changes what goes first', async () => {
  await syncModels('early', 'late')
  const order = async () => (await listed()).filter((id) => id === 'early' || id === 'late')
  expect(await order()).toEqual(['early', 'late'])
  const uri = String((await world.db.doc('ai_models/early').get()).get('gcsUri'))
  const entry = (resourceName: string, principalEmail = 'reader@example.com') =>
    JSON.stringify({
      timestamp: new Date().toISOString(),
      protoPayload: { methodName: 'storage.objects.get', resourceName, authenticationInfo: { principalEmail } },
    })
  const resource = uri
    .replace('gs://', 'projects/_/buckets/')
    .replace(localBuckets.models, `${localBuckets.models}/objects`)
  const log = join(world.dataDir, 'access.json')
  await writeFile(log, `${entry(resource, `charaforge-model-sync@${localProject}.iam.gserviceaccount.com`)}\n`)
  expect((await run('used', '--log', log, '--json')).records()).toEqual([
    { type: 'used', entries: 1, objects: 0, marked: 0, unknown: 0 },
  ])
  const other = entry(`projects/_/buckets/${localBuckets.models}/objects/models/elsewhere`)
  const piped = forge(['cache', 'used', '--log', '-'], { env: api.env, input: `${entry(resource)}\n${other}\n` })
  expect(await piped.ended).toMatchObject({
    exitCode: 0,
    stdout: '2 entries, 2 objects read; 1 noted, 1 not in the cache.\n',
  })
  expect(await order()).toEqual(['late', 'early'])
})

test('Ctrl-C ends the watching alone; who is no operator is told so', async () => {
  await world.stopService()
  const watching = forge(['cache', 'verify'], { env: api.env })
  await until(async () => watching.stdoutSoFar().includes('queued'))
  watching.child.kill('SIGINT')
  const { exitCode, stderr } = await watching.ended
  expect(exitCode).toBe(130)
  expect(stderr).toMatch(/^Interrupted\. The verification goes on: "forge jobs show [0-9a-f]{40}" tells of it\.\n$/)

  const token = await world.cloud.identity.mintUser({ projectId: localProject, uid: 'ann' })
  const refused = await forgeHere(['cache', 'ls', '--json'], { ...api.env, FORGE_TOKEN: token })
  expect(refused.exitCode).toBe(1)
  expect(refused.records()).toMatchObject([{ type: 'error', code: 'auth.operator-only' }])
})

test.each([
  [['clean', '--max-size', 'all'], '--max-size takes a number of GiB, not "all".'],
  [['clean', 'one'], 'It takes no names: what was used least goes first.'],
  [['pin'], 'Name at least one file.'],
  [['pin', 'nothing-like-it'], 'The cache has no file "nothing-like-it".'],
  [['used'], 'Say --log FILE, or --log - for a pipe.'],
  [['used', '--log', '/nowhere'], '/nowhere cannot be read (ENOENT).'],
  [['ls', 'one'], 'It takes no names: it lists them.'],
  [['verify', 'one'], 'It takes no names: it looks at all.'],
])('%j is a usage error', async (args, sentence) => {
  const answer = await run(...args)
  expect([answer.exitCode, answer.stderr.split('\n')[0]]).toEqual([2, sentence])
})
