import { createHash } from 'node:crypto'
import { localBuckets } from '#local/environment.ts'
import { readCachedFile } from '#shared/cache/cached-file.ts'
import { planEviction } from '#shared/cache/plan-eviction.ts'
import type { DownloadView } from '../../../../../services/api/endpoints/download-url.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import { storeFile, storeFolder } from '../../../../support/stored-models.ts'

const HOUR_MS = 60 * 60_000

let world: ApiWorld
let api: ApiInstance

beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start({ DOWNLOAD_URL_TTL_MS: String(HOUR_MS) })
})
afterAll(() => world.close())

const ask = (token: string, modelId: string, at = api) =>
  at.call({ token, method: 'POST', path: `/api/registry/models/${encodeURIComponent(modelId)}/download-url` })
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const long = (date: string) => new Date(`${date}T12:00:00Z`)

test('a model’s file is downloaded with what is answered, in ranges too, and under a name of its own', async () => {
  const { token } = await world.signIn()
  const content = 'the weights of a model'
  await storeFile(world, { name: 'models/Zoë’s_(best)/12.safetensors', content, users: ['one'] })
  const { status, body } = await ask(token, 'one')
  expect([status, body]).toMatchObject([200, { size_bytes: content.length, sha256: sha256(content) }])
  expect(Math.abs(Date.parse(body.expires_at) - Date.now() - HOUR_MS)).toBeLessThan(10_000)
  const whole = await fetch(body.url)
  expect([whole.status, await whole.text()]).toEqual([200, content])
  expect(whole.headers.get('content-disposition')).toBe(
    "attachment; filename*=UTF-8''Zo%C3%AB%E2%80%99s_%28best%29-12.safetensors",
  )
  const part = await fetch(body.url, { headers: { range: 'bytes=4-10' } })
  expect([part.status, await part.text()]).toEqual([206, 'weights'])
})

test('the registry’s id names the model as well as its document’s', async () => {
  const { token } = await world.signIn()
  await storeFile(world, { name: 'models/dream/128713.bin', content: 'dream', users: ['dream'] })
  await world.db.doc('ai_models/dream').update({
    civitaiModelId: '4384',
    versionId: '128713',
    registry: { owner: '', key: 'civitai:4384@128713', source: 'civitai', sourceId: '4384', type: 'base_model' },
  })
  const { status, body } = await ask(token, 'civitai:4384@128713')
  expect([status, await (await fetch(body.url)).text()]).toEqual([200, 'dream'])
  const other = await ask(token, 'hf:nobody/nothing')
  expect([other.status, other.body.error.code]).toEqual([404, 'model.not-found'])
})

test('what is signed is that file and nothing else', async () => {
  const { token } = await world.signIn()
  await storeFile(world, { name: 'models/a/1.bin', content: 'first', users: ['first'] })
  await storeFile(world, { name: 'models/b/1.bin', content: 'second', users: ['second'] })
  const { url } = (await ask(token, 'first')).body
  const other = await fetch(url.replace('/models/a/', '/models/b/'))
  expect(other.status).toBe(403)
  await other.body?.cancel()
})

test('a folder is a URL for each file below its path', async () => {
  const { token } = await world.signIn()
  const contents = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`unet/part-${index} of 12.bin`, `part ${index}`]),
  )
  await storeFolder(world, { prefix: 'models/folder/main/', contents, users: ['folder'] })
  const { status, body } = await ask(token, 'folder')
  const download = body as unknown as Extract<DownloadView, { files: unknown }>
  expect([status, download.size_bytes]).toEqual([200, Object.values(contents).join('').length])
  expect(download.files.map(({ path, sha256: said }) => [path, said])).toEqual(
    Object.entries(contents).map(([path, content]) => [path, sha256(content)]),
  )
  for (const { path, url } of download.files) expect(await (await fetch(url)).text()).toBe(contents[path])
})

test('the file is held until after the URL expires, and counts as used', async () => {
  const { token } = await world.signIn()
  const file = { name: 'models/held.bin', content: 'held', users: ['held'], lastUsedAt: long('2026-01-01') }
  const { id: fileId } = await storeFile(world, file)
  const expiresAt = Date.parse((await ask(token, 'held')).body.expires_at)
  const cached = await readCachedFile(world.db, fileId)
  if (cached === null) throw new Error('It is gone.')
  const plan = (atMs: number) => planEviction([cached], { maxBytes: 0, keepRecent: 0, now: new Date(atMs) })
  expect(plan(expiresAt + 60_000).keep).toMatchObject([{ why: 'leased' }])
  expect(plan(expiresAt + HOUR_MS).evict).toHaveLength(1)
  expect(Date.now() - (cached.lastUsedAt?.toMillis() ?? 0)).toBeLessThan(60_000)
})

test('an instance with a shorter lifetime does not cut a promise short', async () => {
  const { token } = await world.signIn()
  const { id: fileId } = await storeFile(world, { name: 'models/two.bin', content: 'two', users: ['two'] })
  const until = async () => (await readCachedFile(world.db, fileId))?.leasedUntil?.toMillis() ?? 0
  await ask(token, 'two')
  const promised = await until()
  const brief = await world.start({ DOWNLOAD_URL_TTL_MS: '1000' })
  expect((await ask(token, 'two', brief)).status).toBe(200)
  expect(await until()).toBe(promised)
})

test('twenty who want one file at once all get their URL, by one promise', async () => {
  const { token } = await world.signIn()
  const { id: fileId } = await storeFile(world, { name: 'models/many.bin', content: 'many', users: ['many'] })
  let writes = 0
  const stop = world.db.doc(`model_files/${fileId}`).onSnapshot(() => {
    writes += 1
  })
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token, 'many')))
  stop()
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  const leases = (await world.db.doc(`model_files/${fileId}`).get()).get('leases')
  expect(Object.keys(leases)).toEqual([`download-url-${HOUR_MS}`])
  // The first look, the promise, and the update of what was promised in another second.
  expect(writes).toBeLessThanOrEqual(3)
})

test('one’s own models and the system’s are to be had, another user’s are not there; operators have all', async () => {
  const owner = await world.signIn()
  const stranger = await world.signIn()
  const operator = await world.signIn('boss', { operator: true })
  await storeFile(world, { name: 'models/own.bin', content: 'own', users: ['own'] })
  await world.db.doc('ai_models/own').update({ userId: owner.uid })
  expect((await ask(owner.token, 'own')).status).toBe(200)
  expect((await ask(operator.token, 'own')).status).toBe(200)
  const refused = await ask(stranger.token, 'own')
  const absent = await ask(stranger.token, 'nowhere')
  for (const { status, body } of [refused, absent]) {
    expect([status, body.error.code]).toEqual([404, 'model.not-found'])
  }
})

test('who writes the address of another user’s file into a model of their own gets no URL of it', async () => {
  const stranger = await world.signIn()
  const { stored } = await storeFile(world, { name: 'models/private.bin', content: 'private', users: ['private'] })
  await world.db.doc('ai_models/private').update({ userId: 'somebody-else' })
  const gcsUri = `gs://${stored?.bucket}/${stored?.name}`
  await world.db.doc('ai_models/forged').set({ name: 'Mine', userId: stranger.uid, syncStatus: 'synced', gcsUri })
  const { status, body } = await ask(stranger.token, 'forged')
  expect([status, body.error.code]).toEqual([409, 'model.not-synced'])
})

test('what is not, or no longer, in the bucket has no URL', async () => {
  const { token } = await world.signIn()
  await world.db.doc('ai_models/new').set({ name: 'New', syncStatus: 'notsynced' })
  await world.db.doc('ai_models/elsewhere').set({ name: 'Old', syncStatus: 'synced', gcsUri: 'gs://other/x.bin' })
  const lost = await storeFile(world, { name: 'models/lost.bin', content: 'lost', users: ['lost'] })
  await world.store.remove({ bucket: localBuckets.models, name: lost.stored?.name ?? '' })
  const hollow = await storeFolder(world, { prefix: 'models/hollow/1/', contents: { a: 'a' }, users: ['hollow'] })
  await world.store.remove({ bucket: localBuckets.models, name: `${hollow.stored?.name}charaforge-manifest.json` })
  for (const id of ['new', 'elsewhere', 'lost', 'hollow']) {
    const { status, body } = await ask(token, id)
    expect([id, status, body.error.code]).toEqual([id, 409, 'model.not-synced'])
  }
})
