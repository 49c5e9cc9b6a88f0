import { countBucket } from '#shared/cache/count-bucket.ts'
import { readLedger } from '#shared/cache/ledger.ts'
import { forceRoom, releaseRoom, reserveRoom } from '#shared/cache/reserve-room.ts'
import { holdFile, pinFile } from '#shared/cache/use-file.ts'
import { modelFileRef, toModelFile } from '#shared/documents/model-files.ts'
import { type CacheWorld, cacheBucket, save, startCacheWorld } from '../../../support/cache-world.ts'
import { captureLog } from '../../../support/captured-log.ts'

// Every file of these tests has 100 bytes.
let world: CacheWorld
beforeAll(async () => {
  world = await startCacheWorld()
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const wish = (jobId: string, bytes: number, stayingBytes = bytes) => ({ jobId, bytes, stayingBytes, waitMs: 60_000 })
const ledger = async () => (await readLedger(world.db, cacheBucket))!

test('room that is there is reserved, once for the same job', async () => {
  await world.add('a')
  const room = world.room(300)
  expect(await reserveRoom(room, wish('one', 200))).toEqual({ kind: 'reserved' })
  expect(await reserveRoom(room, wish('one', 200))).toEqual({ kind: 'reserved' })
  expect(await reserveRoom(room, wish('one', 50))).toEqual({ kind: 'reserved' })
  expect((await ledger()).reserved).toEqual({ one: 200 })
})

test('without a limit everything fits, and is counted all the same', async () => {
  await world.add('a')
  expect(await reserveRoom(world.room(0), wish('one', 1e12))).toEqual({ kind: 'reserved' })
  expect((await ledger()).reserved).toEqual({ one: 1e12 })
})

test('the first count finds what lies there; what a copy had there already is counted with its reservation the next time', async () => {
  await world.add('a')
  await world.store.write({
    bucket: cacheBucket,
    name: 'work/job/0/part-00000',
    bytes: Buffer.alloc(30),
    contentType: 'x/y',
    ifGeneration: '0',
  })
  await reserveRoom(world.room(500), wish('job', 60))
  expect(await ledger()).toMatchObject({ storedBytes: 130, reserved: { job: 60 }, isDoubtful: true })
  expect(await world.count()).toEqual({ driftBytes: 30 })
  expect(await ledger()).toMatchObject({ storedBytes: 100, reserved: { job: 60 }, isDoubtful: false })
})

test('what was used least recently makes room, no more than has to, and nothing where that does not suffice', async () => {
  await world.add('old', { minutesAgo: 30 })
  await world.add('older', { minutesAgo: 60 })
  await world.add('young', { minutesAgo: 1 })
  expect(await reserveRoom(world.room(400), wish('one', 200, 100))).toEqual({ kind: 'reserved' })
  expect(await world.objects()).toEqual(['models/old.bin', 'models/young.bin'])
  await pinFile(world.db, { fileId: (await world.add('pinned', { minutesAgo: 90 })).fileId, pinned: true })
  await world.count()
  // Of 500 bytes 200 are reserved and 300 lie there; without the two that may go, 200 are free, and 250 are needed.
  const refused = await reserveRoom(world.room(500), wish('two', 250))
  expect(refused).toMatchObject({ kind: 'later', freeAt: null })
  expect(await world.objects()).toHaveLength(3)
})

test('a copy waits for those under way rather than evict, where these leave enough when they end', async () => {
  await world.add('a')
  const room = world.room(400)
  await reserveRoom(room, wish('one', 200, 100))
  expect(await reserveRoom(room, wish('two', 200, 100))).toMatchObject({ kind: 'later' })
  expect(await world.objects()).toEqual(['models/a.bin'])
  // Its patience is over: now it takes what it can get.
  expect(await reserveRoom(room, { ...wish('two', 200, 100), waitMs: 0 })).toEqual({ kind: 'reserved' })
  expect(await world.objects()).toEqual([])
})

test('who waits is told when the first lease ends, and is named to whoever gives room back, the oldest first', async () => {
  const { fileId } = await world.add('held')
  const until = new Date(Date.now() + 600_000)
  await holdFile(world.db, { fileId, holder: 'url', until })
  const room = world.room(300)
  await reserveRoom(room, wish('one', 200))
  const at = (ms: number) => ({ ...room, now: () => new Date(Date.now() + ms) })
  expect(await reserveRoom(at(0), wish('first', 200))).toMatchObject({ kind: 'later', freeAt: until })
  expect(await reserveRoom(at(10), wish('second', 150))).toMatchObject({ kind: 'later' })
  const askedAt = Date.now()
  const waited = (await reserveRoom(at(5_000), wish('first', 200))) as { since: Date }
  expect(waited.since.getTime()).toBeLessThanOrEqual(askedAt)
  expect(await releaseRoom(world, 'one')).toEqual(['first', 'second'])
  expect(await reserveRoom(at(0), wish('first', 200))).toEqual({ kind: 'reserved' })
  expect((await ledger()).waiting).toHaveProperty('second')
  expect(await releaseRoom(world, 'second')).toEqual([])
  expect(await releaseRoom(world, 'second')).toEqual([])
})

test('a copy that waits for more keeps what it has, and since when it waits', async () => {
  await pinFile(world.db, { fileId: (await world.add('pinned')).fileId, pinned: true })
  const room = world.room(500)
  await reserveRoom(room, wish('other', 200))
  await reserveRoom(room, wish('growing', 100))
  const { since } = (await reserveRoom(room, wish('growing', 300))) as { since: Date }
  // Its next claim begins with what it knows then.
  expect(await reserveRoom(room, wish('growing', 50))).toEqual({ kind: 'reserved' })
  expect((await ledger()).reserved).toEqual({ other: 200, growing: 100 })
  const later = { ...room, now: () => new Date(Date.now() + 5_000) }
  expect(await reserveRoom(later, wish('growing', 300))).toMatchObject({ kind: 'later', since })
  await releaseRoom(world, 'other')
  expect(await reserveRoom(room, wish('growing', 300))).toEqual({ kind: 'reserved' })
  expect(await ledger()).toMatchObject({ reserved: { growing: 300 }, waiting: {} })
})

test('what can never fit is refused at once, and evicts nothing', async () => {
  await world.add('a')
  await pinFile(world.db, { fileId: (await world.add('pinned')).fileId, pinned: true })
  expect(await reserveRoom(world.room(300), wish('one', 201))).toEqual({ kind: 'never', keptBytes: 100 })
  expect(await world.objects()).toHaveLength(2)
  expect((await ledger()).waiting).toEqual({})
  expect(await reserveRoom(world.room(300), wish('one', 200))).toEqual({ kind: 'reserved' })
  expect(await world.objects()).toEqual(['models/pinned.bin'])
})

test('files beyond the first page are found, and those used last stay', async () => {
  for (const [index, name] of ['first', 'middle', 'last'].entries()) await world.add(name, { minutesAgo: 60 - index })
  const { stored } = toModelFile('', (await modelFileRef(world.db, (await world.add('one')).fileId).get()).data())
  // Pinned and empty, used before all others.
  const rows = Array.from({ length: 100 }, (_, index) => ({ ...toModelFile(`p${index}`, undefined), pinned: true }))
  await Promise.all(rows.map((row) => save(world.db, { ...row, stored: { ...stored!, sizeBytes: 0 } })))
  expect(await reserveRoom(world.room(400, 2), wish('job', 200))).toEqual({ kind: 'reserved' })
  expect(await world.objects()).toEqual(['models/last.bin', 'models/one.bin'])
  expect(await reserveRoom(world.room(400, 2), wish('more', 100))).toMatchObject({ kind: 'later' })
  expect(await world.objects()).toHaveLength(2)
})

test('weights that are paid for are never refused: what can go goes, and what is missing is said', async () => {
  await world.add('a')
  await pinFile(world.db, { fileId: (await world.add('pinned')).fileId, pinned: true })
  const log = captureLog()
  await forceRoom({ ...world.room(300), logger: log.logger }, wish('training', 250))
  expect(await world.objects()).toEqual(['models/pinned.bin'])
  expect(await ledger()).toMatchObject({ storedBytes: 100, reserved: { training: 250 } })
  expect(log.messages()).toContain('The models bucket goes over its limit for trained weights.')
  // Nobody else gets any of it.
  expect(await reserveRoom(world.room(300), wish('copy', 1))).toMatchObject({ kind: 'later' })
})

test('a count that meets a change begins anew', async () => {
  await world.add('a')
  await world.count()
  let listings = 0
  const store = new Proxy(world.store, {
    get(target, verb) {
      if (verb !== 'list') return Reflect.get(target, verb).bind(target)
      return async function* (...args: Parameters<typeof target.list>) {
        yield* target.list(...args)
        // A copy ends between the look at the bucket and the books.
        if (listings++ === 0) await reserveRoom(world.room(0), wish('job', 7))
      }
    },
  })
  expect(await countBucket({ ...world, store })).toEqual({ driftBytes: 0 })
  expect(listings).toBe(2)
  expect((await ledger()).reserved).toEqual({ job: 7 })
})
