import { adoptStray } from '#shared/cache/adopt-stray.ts'
import { readCachedFile } from '#shared/cache/cached-file.ts'
import { discardFile, evictFile, finishEvictions } from '#shared/cache/evict-file.ts'
import { forgetFile } from '#shared/cache/forget-file.ts'
import { forgetGoneOwners, forgetModel } from '#shared/cache/forget-model.ts'
import { pinFile } from '#shared/cache/use-file.ts'
import { addOwner } from '#shared/documents/file-owners.ts'
import { type ModelFile, readModelFile, toModelFile, writeModelFile } from '#shared/documents/model-files.ts'
import { readUsage, reserveStorage, storedBytes } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { modelUpload, modelUploadUri, uploadReservation } from '#shared/registry/registration/model-uploads.ts'
import { removeRegistered } from '#shared/registry/registration/remove-registered.ts'
import { type CacheWorld, cacheBucket, dyingAt, startCacheWorld } from '../../../support/cache-world.ts'

let world: CacheWorld
beforeAll(async () => {
  world = await startCacheWorld()
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const bytes = 100

/** A stored file that these models are made of, each by an upload of its user's; null: the system's. */
async function keep(name: string, owners: readonly (readonly [modelId: string, userId: string | null])[]) {
  const { fileId, uri } = await world.add(name, { row: { users: owners.map(([modelId]) => modelId) } })
  for (const [modelId, userId] of owners) {
    await world.db.doc(`ai_models/${modelId}`).set({ userId, engine: 'upload', syncStatus: 'synced', gcsUri: uri })
    await own(fileId, modelId, userId)
  }
  return fileId
}

const own = (fileId: string, modelId: string, userId: string | null) =>
  runTransaction(world.db, async (transaction) => {
    const { file, count } = addOwner(world.db, await readModelFile(transaction, world.db, fileId), { modelId, userId })
    writeModelFile(world.db, file)(transaction)
    count(transaction)
  })

const row = async (fileId: string): Promise<ModelFile> =>
  toModelFile(fileId, (await world.db.doc(`model_files/${fileId}`).get()).data())
const used = async (userId: string) => storedBytes(await readUsage(null, world.db, userId), new Date())
const uploadOf = (userId: string, sha256: string) =>
  modelUploadUri(modelUpload({ bucket: 'w', userId, sha256, extension: '' }))
const remove = (modelId: string) => removeRegistered(world.db, { modelId, admit: (model) => model! })
const seen = async (fileId: string) => (await readCachedFile(world.db, fileId))!

test('one file counts once for all models of its owner, and until the last of them is removed', async () => {
  const fileId = await keep('f', [
    ['f1', 'ann1'],
    ['f2', 'ann1'],
  ])
  await own(fileId, 'f2', 'ann1')
  expect(await used('ann1')).toBe(bytes)
  await remove('f1')
  expect([await used('ann1'), (await row(fileId)).pinned]).toEqual([bytes, true])
  await remove('f2')
  expect([await used('ann1'), (await row(fileId)).pinned]).toEqual([0, false])
})

test('the same bytes count for each who has sent them, and for nobody where they are the system’s', async () => {
  const fileId = await keep('f', [
    ['a', 'ann2'],
    ['b', 'bob2'],
    ['s', null],
  ])
  expect([await used('ann2'), await used('bob2')]).toEqual([bytes, bytes])
  await remove('a')
  expect([await used('ann2'), await used('bob2')]).toEqual([0, bytes])
  await remove('b')
  expect([await used('bob2'), (await row(fileId)).pinned]).toEqual([0, true])
  await remove('s')
  expect((await row(fileId)).pinned).toBe(false)
})

test('another’s model of the same bytes that was fetched from a hub keeps no pin of theirs', async () => {
  const fileId = await keep('f', [['mine', 'ann3']])
  await world.db.doc(`model_files/${fileId}`).update({ users: ['mine', 'from-a-hub'] })
  await remove('mine')
  expect(await row(fileId)).toMatchObject({ pinned: false, users: ['from-a-hub'] })
})

test('what an operator has pinned and nobody has sent stays pinned', async () => {
  const { fileId } = await world.add('f')
  await pinFile(world.db, { fileId, pinned: true })
  await remove('f')
  expect(await row(fileId)).toMatchObject({ pinned: true, users: [] })
})

test('an upload that is reserved still, and its file that is kept already, count once', async () => {
  const fileId = await keep('f', [['m', 'ann4']])
  const key = uploadReservation(fileId)
  const now = new Date()
  const expireAt = new Date(now.getTime() + 60_000)
  const usage = await readUsage(null, world.db, 'ann4')
  await runTransaction(world.db, async (transaction) =>
    reserveStorage(world.db, usage, { reservations: { [key]: bytes, other: 7 }, expireAt, now })(transaction),
  )
  expect(await used('ann4')).toBe(bytes + 7)
  // The upload itself lies in the work bucket for some minutes more.
  await remove('m')
  expect(await used('ann4')).toBe(bytes + 7)
})

test.each<[string, string, (modelId: string) => Promise<unknown>]>([
  ['deleted by the app', 'ann5', (id) => world.db.doc(`ai_models/${id}`).delete()],
  ['synced to another file', 'ann6', (id) => world.db.doc(`ai_models/${id}`).update({ gcsUri: 'gs://b/models/x' })],
  [
    'made another’s and given another source',
    'ann7',
    (id) => world.db.doc(`ai_models/${id}`).set({ userId: 'eve', engine: 'huggingface', hf_id: 'a/b' }),
  ],
])('a model that was %s counts no longer, by its event or without one', async (_how, userId, change) => {
  const fileId = await keep('f', [['m', userId]])
  const other = await keep('g', [['n', userId]])
  await change('m')
  expect(await forgetModel(world.db, 'm')).toBe(1)
  expect(await row(fileId)).toMatchObject({ pinned: false, users: [], owners: [] })
  expect(await used(userId)).toBe(bytes)
  expect(await forgetModel(world.db, 'm')).toBe(0)
  await change('n')
  expect([await forgetGoneOwners(world.db), await used(userId)]).toEqual([1, 0])
  expect((await row(other)).pinned).toBe(false)
  expect(await forgetGoneOwners(world.db)).toBe(0)
})

test('a model keeps its file while it says for a time that it has none', async () => {
  const fileId = await keep('f', [['m', 'ann8']])
  const uploadObject = uploadOf('ann8', fileId)
  await world.db.doc('ai_models/m').set({ userId: 'ann8', engine: 'upload', uploadObject, syncStatus: 'syncing' })
  expect([await forgetModel(world.db, 'm'), await forgetGoneOwners(world.db), await used('ann8')]).toEqual([
    0,
    0,
    bytes,
  ])
})

test('a file that lies there no longer counts for nobody, whoever has taken it away', async () => {
  const evicted = await keep('f', [['m', 'ann9']])
  await world.count()
  expect(await evictFile(world, await seen(evicted))).toBe(false)
  await pinFile(world.db, { fileId: evicted, pinned: false })
  expect(await evictFile(world, await seen(evicted))).toBe(true)
  const lost = await keep('g', [['n', 'ann9']])
  const { stored } = await row(lost)
  await forgetFile(world, { fileId: lost, gone: stored! })
  expect([await used('ann9'), (await row(lost)).pinned]).toEqual([0, false])
})

test('a file whose row was lost and is found again by a verification is kept for whom it was', async () => {
  const fileId = await keep('f', [['m', 'gil']])
  await world.db.doc('ai_models/m').update({ uploadObject: uploadOf('gil', fileId) })
  await world.db.doc(`model_files/${fileId}`).delete()
  const object = (await world.store.stat({ bucket: cacheBucket, name: 'models/f.bin' }))!
  expect(await adoptStray(world, { object, sha256: fileId, modelIds: ['m', 'deleted'] })).toBeNull()
  expect(await row(fileId)).toMatchObject({ pinned: true, owners: [{ modelId: 'm', userId: 'gil' }] })
  expect(await used('gil')).toBe(bytes)
})

test.each([2, 5].flatMap((call) => (['before', 'after'] as const).map((moment) => [moment, call] as const)))(
  'whoever dies %s call %i while a damaged file goes leaves a count that agrees with the row',
  async (moment, call) => {
    const fileId = await keep('f', [['m', 'cy']])
    await world.count()
    const dying = dyingAt({ db: world.db, store: world.store, bucket: cacheBucket }, { call, moment })
    await discardFile({ ...world, ...dying.deps }, await seen(fileId)).catch(() => {})
    expect(dying.hasDied()).toBe(true)
    const { owners, stored } = await row(fileId)
    expect([await used('cy'), owners.length]).toEqual(stored ? [bytes, 1] : [0, 0])
    await finishEvictions(world)
    if (stored) await discardFile(world, await seen(fileId))
    expect([await used('cy'), (await row(fileId)).pinned]).toEqual([0, false])
    expect(await world.objects()).toEqual([])
  },
)
