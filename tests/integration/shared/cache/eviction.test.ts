import { Timestamp } from '@google-cloud/firestore'
import { evictFile } from '#shared/cache/evict-file.ts'
import { holdFile, pinFile, touchFile } from '#shared/cache/use-file.ts'
import { type ModelFile, modelFileRef, toModelFile } from '#shared/documents/model-files.ts'
import { type CacheWorld, cacheBucket, startCacheWorld } from '../../../support/cache-world.ts'

let world: CacheWorld
beforeAll(async () => {
  world = await startCacheWorld()
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const model = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).data()
const row = async (id: string): Promise<ModelFile> => toModelFile(id, (await modelFileRef(world.db, id).get()).data())

test('an eviction takes the file from the bucket, the index, the ledger and its models', async () => {
  const [gone, stays] = [await world.add('gone'), await world.add('stays')]
  await world.count()
  expect(await evictFile(world, gone)).toBe(true)
  expect(await world.objects()).toEqual(['models/stays.bin'])
  expect(await model('gone')).toEqual({ name: 'gone', syncStatus: 'notsynced' })
  expect(await model('stays')).toMatchObject({ syncStatus: 'synced', gcsUri: stays.uri })
  expect(await row(gone.fileId)).toMatchObject({ stored: null, evicting: null, users: [] })
  expect(await world.books()).toEqual({ driftBytes: 0, reserved: {} })
})

test('a model that is asked to sync again, or names another file by now, keeps what it says', async () => {
  const file = await world.add('a', { row: { users: ['a', 'other', 'deleted'] } })
  await world.db.doc('ai_models/a').update({ syncStatus: 'syncing' })
  await world.db.doc('ai_models/other').set({ name: 'other', syncStatus: 'synced', gcsUri: 'gs://elsewhere/x' })
  expect(await evictFile(world, file)).toBe(true)
  expect(await model('a')).toEqual({ name: 'a', syncStatus: 'syncing' })
  expect(await model('other')).toMatchObject({ syncStatus: 'synced', gcsUri: 'gs://elsewhere/x' })
  expect(await model('deleted')).toBeUndefined()
})

const inAMinute = () => Timestamp.fromMillis(Date.now() + 60_000)

test.each<[string, (fileId: string) => Promise<unknown>]>([
  ['pinned', (fileId) => pinFile(world.db, { fileId, pinned: true })],
  // Without the use that a hold is.
  ['held', (fileId) => modelFileRef(world.db, fileId).update({ leases: { url: inAMinute() } })],
  ['used', (fileId) => touchFile(world, { fileId })],
  ['awaited', (fileId) => modelFileRef(world.db, fileId).update({ waiters: [{ jobId: 'j', modelId: 'm' }] })],
  [
    'replaced',
    async (fileId) => {
      const { stored } = await row(fileId)
      await modelFileRef(world.db, fileId).update({ stored: { ...stored, generation: '7' } })
    },
  ],
])('a file that was %s since it was chosen stays', async (_what, change) => {
  const file = await world.add('a')
  await change(file.fileId)
  expect(await evictFile(world, file)).toBe(false)
  expect(await world.objects()).toEqual(['models/a.bin'])
  expect(await model('a')).toMatchObject({ syncStatus: 'synced' })
})

test('a hold is a use, and outlives those whose time is over', async () => {
  const { fileId } = await world.add('a')
  const until = new Date(Date.now() + 60_000)
  expect(await holdFile(world.db, { fileId, holder: 'over', until: new Date(Date.now() - 1) })).toBe(true)
  expect(await holdFile(world.db, { fileId, holder: 'live', until })).toBe(true)
  const { leases, lastUsedAt } = await row(fileId)
  expect(leases).toEqual({ live: Timestamp.fromDate(until) })
  expect(Date.now() - lastUsedAt!.toMillis()).toBeLessThan(60_000)
  expect(await holdFile(world.db, { fileId: 'nobody', holder: 'live', until })).toBe(false)
})

test('a lease that is over, and an unpinned file, hold nothing', async () => {
  const { fileId } = await world.add('a')
  await holdFile(world.db, { fileId, holder: 'url', until: new Date(Date.now() - 1) })
  await pinFile(world.db, { fileId, pinned: true })
  await pinFile(world.db, { fileId, pinned: false })
  const { lastUsedAt } = await row(fileId)
  expect(
    await evictFile(world, {
      ...(await world.add('b')),
      fileId,
      generation: (await row(fileId)).stored!.generation,
      uri: `gs://${cacheBucket}/models/a.bin`,
      lastUsedAt,
    }),
  ).toBe(true)
})

test('an object that another copy has made its own in this moment is left to it', async () => {
  const file = await world.add('a')
  const object = { bucket: cacheBucket, name: 'models/a.bin' }
  let relabelled = 0
  const store = new Proxy(world.store, {
    get(target, verb) {
      if (verb !== 'remove') return Reflect.get(target, verb).bind(target)
      return async (...args: Parameters<typeof target.remove>) => {
        if (relabelled++ === 0) await target.relabel((await target.stat(object))!, { copyJobId: 'another' })
        await target.remove(...args)
      }
    },
  })
  expect(await evictFile({ ...world, store }, file)).toBe(true)
  expect(relabelled).toBe(1)
  expect((await world.store.stat(object))?.metadata.copyJobId).toBe('another')
  expect(await row(file.fileId)).toMatchObject({ stored: null, evicting: null })
})

test('a use is noted once a minute, and told to the bucket once a day', async () => {
  const { fileId } = await world.add('a', { minutesAgo: 5 })
  await touchFile(world, { fileId })
  const first = await row(fileId)
  expect(Date.now() - first.lastUsedAt!.toMillis()).toBeLessThan(60_000)
  expect(first.isCustomTimeDue).toBe(true)
  await touchFile(world, { fileId })
  expect((await row(fileId)).lastUsedAt).toEqual(first.lastUsedAt)
  await modelFileRef(world.db, fileId).update({
    lastUsedAt: Timestamp.fromMillis(Date.now() - 120_000),
    customTime: Timestamp.now(),
    isCustomTimeDue: false,
  })
  await touchFile(world, { fileId })
  expect(await row(fileId)).toMatchObject({ isCustomTimeDue: false })
  await touchFile(world, { fileId: 'nobody' })
  expect((await modelFileRef(world.db, 'nobody').get()).exists).toBe(false)
})
