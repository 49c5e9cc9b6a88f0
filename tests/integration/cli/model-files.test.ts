import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localBuckets } from '#local/environment.ts'
import { modelUploadUri } from '#shared/registry/registration/model-uploads.ts'
import { forgeHere } from '../../support/forge.ts'
import { openRegistryWorld, type RegistryWorld } from '../services/api/registry/world.ts'

let world: RegistryWorld
let env: Record<string, string>
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-files-'))
  world = await openRegistryWorld()
  const { FIRESTORE_EMULATOR_HOST = '', STORAGE_EMULATOR_HOST = '', GOOGLE_APPLICATION_CREDENTIALS = '' } = process.env
  const servers = { FIRESTORE_EMULATOR_HOST, STORAGE_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS }
  const { token } = await world.api.signIn('ana')
  env = {
    ...servers,
    METADATA_SERVER_DETECTION: 'none',
    FORGE_API_URL: world.instance.url,
    FORGE_TOKEN: token,
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
})
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (...args: string[]) => forgeHere(['models', ...args], env)

/** A file of this machine, and the hash by which it is known. */
async function write(name: string, bytes: Buffer = randomBytes(1000)) {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

test('identifies a file by CivitAI, once registered by the registry, and says what nobody knows', async () => {
  const bytes = randomBytes(50_000)
  const content = { kind: 'bytes', bytes } as const
  world.civitai.addModel({ id: 77, name: 'Rain', type: 'LORA', versions: [{ id: 770, files: [{ content }] }] })
  const known = await write('rain 雨.safetensors', bytes)
  const stranger = await write('stranger.ckpt')

  const found = await run('identify', known.path)
  expect(found).toMatchObject({ exitCode: 0, stderr: '' })
  expect(found.stdout).toContain('rain 雨.safetensors  Rain\n')
  expect(found.stdout).toMatch(new RegExp(`id +civitai:77@770[^]*SHA-256 +${known.sha256}`))

  await run('add', 'civitai:77@770')
  const both = await run('identify', known.path, stranger.path, join(folder, 'nowhere'), '--json')
  expect(both).toMatchObject({ exitCode: 1, stderr: '' })
  const modelId = expect.stringMatching(/^civitai-77-v770~/)
  expect(both.records()).toMatchObject([
    { type: 'file', file: known.path, state: 'known', sha256: known.sha256, model: { model_id: modelId } },
    { type: 'file', state: 'unknown', sha256: stranger.sha256, size_bytes: 1000, model: null },
    { type: 'file', state: 'unread', code: 'forge.no-file' },
  ])
})

test('adds a file: sends it, registers it under its name, and sends nothing the second time', async () => {
  const { path, bytes, sha256 } = await write('My Portrait.safetensors')
  const added = await run('add', path, '--type', 'lora', '--no-watch', '--json')
  expect(added).toMatchObject({ exitCode: 0, stderr: '' })
  const uploadObject = modelUploadUri({
    bucket: localBuckets.work,
    name: `model-uploads/ana/${sha256}.safetensors`,
  })
  const [, { model }] = added.records() as [unknown, { model: { model_id: string } }]
  expect(added.records()).toMatchObject([
    { type: 'upload', state: 'uploaded', sha256, size_bytes: 1000 },
    { type: 'model', model: { name: 'My Portrait', type: 'lora', source: 'local', sync_status: 'syncing' } },
  ])
  const document = await world.api.db.doc(`ai_models/${model.model_id}`).get()
  expect(document.data()).toMatchObject({ engine: 'upload', uploadObject, sourceSha256: sha256, userId: 'ana' })
  const name = uploadObject.slice(`gs://${localBuckets.work}/`.length)
  const sent = await world.api.store.stat({ bucket: localBuckets.work, name })
  expect(sent?.sizeBytes).toBe(bytes.length)
  // Nothing is left of what had been remembered meanwhile.
  expect(await readdir(join(folder, 'config'))).toEqual([])

  const again = await run('add', path, '--no-watch')
  expect(again.stdout).toMatch(/^My Portrait.safetensors {2}was there already\n/)
  expect((await world.api.store.stat({ bucket: localBuckets.work, name }))?.generation).toBe(sent?.generation)
})

test.each(['./nowhere.safetensors', 'nowhere.safetensors', '/nowhere', '~/nowhere'])(
  'a file that is not there, %s, is missed here and is no riddle for the API',
  async (path) => {
    const answer = await run('add', path)
    expect(answer).toMatchObject({ exitCode: 1, stderr: `${path} is not read as a file: there is none.\n` })
  },
)

test('an upload that was interrupted goes on with the session that it had begun', async () => {
  const { path, sha256 } = await write('long.safetensors', randomBytes(600 * 1024))
  const wish = { name: 'long.safetensors', size_bytes: 600 * 1024, sha256 }
  const { keptSession } = await import('../../../cli/uploads/kept-session.ts')
  const { token } = await world.api.signIn('ana')
  const offered = await world.instance.call({ token, path: '/api/registry/uploads', body: wish })
  const { start } = offered.body
  const begun = await fetch(start.url, { method: start.method, headers: start.headers })
  const session = begun.headers.get('location') ?? ''
  const part = await fetch(session, {
    method: 'PUT',
    headers: { 'content-range': `bytes 0-${256 * 1024 - 1}/${600 * 1024}` },
    body: new Uint8Array(256 * 1024),
    redirect: 'manual',
  })
  expect(part.status).toBe(308)
  await keptSession(env, start.url).write(session)

  expect((await run('add', path, '--no-watch')).exitCode).toBe(0)

  const name = `model-uploads/ana/${sha256}.safetensors`
  const sent = await world.api.store.stat({ bucket: localBuckets.work, name })
  const stored = await world.api.store.read(
    { bucket: localBuckets.work, name },
    { generation: sent?.generation ?? '', maxBytes: 1e6 },
  )
  // What the first call had sent (zeros) was not sent again.
  expect(stored?.subarray(0, 256 * 1024).every((byte) => byte === 0)).toBe(true)
  expect(stored?.length).toBe(600 * 1024)
})
