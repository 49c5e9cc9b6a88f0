import { evictFile, finishEvictions } from '#shared/cache/evict-file.ts'
import { readLedger } from '#shared/cache/ledger.ts'
import { releaseRoom, reserveRoom } from '#shared/cache/reserve-room.ts'
import { type ModelFile, modelFileRef, toModelFile } from '#shared/documents/model-files.ts'
import { type CacheWorld, cacheBucket, dyingAt, startCacheWorld } from '../../../support/cache-world.ts'
import type { StartDocuments } from '../../../support/documents.ts'

/** Deaths at each boundary, and many at once. Every file has 100 bytes. */
export function cacheCrashes(documents: StartDocuments): void {
  let world: CacheWorld
  beforeAll(async () => {
    world = await startCacheWorld(documents)
  })
  beforeEach(() => world.reset())
  afterAll(() => world.close())

  const model = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).data()
  const row = async (id: string): Promise<ModelFile> => toModelFile(id, (await modelFileRef(world.db, id).get()).data())
  const wish = (jobId: string, bytes: number) => ({ jobId, bytes, stayingBytes: bytes, waitMs: 60_000 })
  const ledger = async () => (await readLedger(world.db, cacheBucket))!

  test('whoever dies at any boundary of an eviction is succeeded: nothing is left, and the ledger is right', async () => {
    const deaths: string[] = []
    for (const moment of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        await world.reset()
        const file = await world.add('a')
        await world.add('b')
        await world.count()
        const victim = dyingAt(world, { call, moment })
        const ended = await evictFile({ ...world, ...victim.deps }, file).catch(() => 'dead')
        if (!victim.hasDied()) {
          expect(ended).toBe(true)
          break
        }
        deaths.push(`${moment} ${call}`)
        // Until somebody goes on, the books never say less than lies there.
        expect((await world.books()).driftBytes).toBe(0)
        await Promise.all([finishEvictions(world), finishEvictions(world)])
        const isEvicted = (await row(file.fileId)).stored === null
        expect(await world.objects()).toEqual(isEvicted ? ['models/b.bin'] : ['models/a.bin', 'models/b.bin'])
        expect((await model('a'))?.syncStatus).toBe(isEvicted ? 'notsynced' : 'synced')
        expect(await row(file.fileId)).toMatchObject({ evicting: null })
        expect(await world.books()).toEqual({ driftBytes: 0, reserved: {} })
        expect(await world.bytesInBucket()).toBe(isEvicted ? 100 : 200)
      }
    }
    // Two looks, two transactions, one removal and the look after it; each before and after.
    expect(deaths.length).toBeGreaterThanOrEqual(10)
  })

  test('twenty at once never reserve more than there is', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await world.add(name)
    await world.count()
    const room = world.room(1_200)
    const got = await Promise.all(
      Array.from({ length: 20 }, (_, index) => reserveRoom(room, { ...wish(`job-${index}`, 100), waitMs: 0 })),
    )
    const { storedBytes, reserved } = await ledger()
    expect(storedBytes + Object.keys(reserved).length * 100).toBe(1_200)
    expect(got.filter(({ kind }) => kind === 'reserved')).toHaveLength(Object.keys(reserved).length)
    expect((await world.books()).driftBytes).toBe(0)
  })

  test('whoever dies at any boundary of a reservation leaves books that are right, and the next one goes on', async () => {
    let deaths = 0
    for (const moment of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        await world.reset()
        await world.add('old', { minutesAgo: 30 })
        await world.add('young', { minutesAgo: 1 })
        await world.count()
        const room = world.room(300)
        const victim = dyingAt(world, { call, moment })
        await reserveRoom({ ...room, ...victim.deps }, wish('job', 200)).catch(() => 'dead')
        expect((await world.books()).driftBytes).toBe(0)
        if (!victim.hasDied()) break
        deaths += 1
        // Its next claim.
        expect(await reserveRoom(room, wish('job', 200))).toEqual({ kind: 'reserved' })
        expect(await world.objects()).toEqual(['models/young.bin'])
        expect(await world.books()).toEqual({ driftBytes: 0, reserved: { job: 200 } })
        await releaseRoom(world, 'job')
        expect(await world.books()).toEqual({ driftBytes: 0, reserved: {} })
      }
    }
    expect(deaths).toBeGreaterThanOrEqual(10)
  })
}
