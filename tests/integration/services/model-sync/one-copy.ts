import type { DocumentData } from '@google-cloud/firestore'
import type { StartDocuments } from '../../../support/documents.ts'
import type { ServiceUnderTest } from '../../../support/service-under-test.ts'
import {
  addCivitaiModel,
  fetchedBytes,
  ledgerDrift,
  publishedSha256,
  readModel,
  type SyncCase,
  timesPublished,
  untilTidy,
} from '../../../support/sync-cases.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/** What a slow host sends a second over each of two connections: a file there takes longer than any test. */
const slowBytesPerSecond = 150_000
const slowFileBytes = 4_000_000
/** A copy ends within seconds, and a connection that is cut has not sent much ahead. */
const fastEnough = 1_000_000

/** Whoever asks, however often and from wherever: the bytes of a file come once. */
export function oneCopy(documents: StartDocuments): void {
  let world: SyncWorld
  let second: ServiceUnderTest
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      fileHosts: 2,
      env: { SYNC_LANES: '2', SYNC_CONCURRENCY: '8', JOBS_PER_HOUR: '1000' },
    })
    second = await world.startAnotherInstance()
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: slowBytesPerSecond })
  })
  afterAll(() => world.close())

  const slowCase = (): SyncCase =>
    world.fileHosts.at(world.fileHosts.all[1]!, () => addCivitaiModel(world, slowFileBytes))

  async function expectSynced(model: DocumentData, { file }: SyncCase): Promise<void> {
    const { sha256, sizeBytes } = file
    expect(model).toMatchObject({ syncStatus: 'synced', sha256, sizeBytes, gcsUri: expect.any(String) })
    expect(await publishedSha256(world, model.gcsUri)).toBe(sha256)
    expect(timesPublished(world, model.gcsUri)).toBe(1)
  }

  /** What a connection that is cut had sent ahead, and a probe of one byte, are no second copy. */
  function expectFetchedOnce({ file }: SyncCase): void {
    expect(fetchedBytes(world, file)).toBeGreaterThanOrEqual(file.sizeBytes)
    expect(fetchedBytes(world, file)).toBeLessThan(file.sizeBytes * 1.25)
  }

  /** Models that wait for the copy of a file, of which some bytes have come. */
  async function underWay(one: SyncCase, modelIds: readonly string[]): Promise<void> {
    const events = await Promise.all(
      modelIds.map((id) => world.write(id, { name: id, syncStatus: 'syncing', ...one.source })),
    )
    await Promise.all(events.map((event, index) => world.deliver(event, index % 2 === 0 ? world.service : second)))
    await until(async () => fetchedBytes(world, one.file) > 300_000)
  }

  /** What the app's cancel writes. */
  async function cancel(modelId: string): Promise<void> {
    await world.deliver(await world.write(modelId, { syncStatus: 'notsynced' }))
  }

  /** How long after `startedAtMs` the file's host goes on sending, in ms. */
  async function untilStopped({ file }: SyncCase, startedAtMs: number): Promise<number> {
    let last = -1
    let sinceMs = 0
    // A second without a byte, at a host that sends some every 20 ms.
    await until(async () => {
      const now = fetchedBytes(world, file)
      if (now !== last) sinceMs = performance.now()
      last = now
      return performance.now() - sinceMs > 1_000
    }, 50)
    expect(last).toBeLessThan(file.sizeBytes)
    return sinceMs - startedAtMs
  }

  async function expectCopyCanceled({ file }: SyncCase): Promise<void> {
    const copies = (await world.jobs('copy')).filter(({ key }) => key.startsWith(`copy:${file.sha256}#`))
    expect(copies.map(({ state, failure }) => [state, failure?.code])).toEqual([['canceled', 'copy.unwanted']])
  }

  test('ten deliveries of one event at two instances make one copy and one publication', async () => {
    const one = slowCase()
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: fastEnough })
    const event = await world.write('ten', { name: 'Ten', syncStatus: 'syncing', ...one.source })
    const answers = Array.from({ length: 10 }, (_, index) =>
      world.deliver(event, index % 2 === 0 ? world.service : second),
    )
    const model = await world.settled('ten')
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: slowBytesPerSecond })
    await Promise.all(answers)
    await expectSynced(model, one)
    expectFetchedOnce(one)
    const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
    expect(jobs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['sync done', 'copy done'])
  })

  test('three models that wait for one file get it by one copy; with one of them canceled, two do', async () => {
    const [all, two] = [slowCase(), slowCase()]
    await Promise.all([underWay(all, ['a1', 'a2', 'a3']), underWay(two, ['b1', 'b2', 'b3'])])
    await cancel('b2')
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: fastEnough })
    const models = await Promise.all(['a1', 'a2', 'a3', 'b1', 'b3'].map((id) => world.settled(id)))
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: slowBytesPerSecond })
    for (const model of models.slice(0, 3)) await expectSynced(model, all)
    for (const model of models.slice(3)) await expectSynced(model, two)
    expect(new Set(models.map(({ gcsUri }) => gcsUri)).size).toBe(2)
    for (const one of [all, two]) expectFetchedOnce(one)
    const canceled = await readModel(world, 'b2')
    expect(canceled).toMatchObject({ syncStatus: 'notsynced' })
    expect(Object.keys(canceled ?? {}).toSorted()).toEqual(['civitaiModelId', 'name', 'syncStatus', 'versionId'])
  })

  test('a copy that nobody waits for any more stops within seconds, whether canceled or deleted, and leaves nothing', async () => {
    const [canceled, deleted] = [slowCase(), slowCase()]
    await Promise.all([underWay(canceled, ['c1', 'c2']), underWay(deleted, ['d1'])])
    const startedAtMs = performance.now()
    await Promise.all([
      cancel('c1').then(() => cancel('c2')),
      world.write('d1', null).then((event) => world.deliver(event, second)),
    ])
    const tookMs = await Promise.all([canceled, deleted].map((one) => untilStopped(one, startedAtMs)))
    console.log(`a copy that nobody waits for stopped after ${tookMs.map(Math.round).join(' and ')} ms`)
    // It looks every 2 s whether anybody waits.
    expect(Math.max(...tookMs)).toBeLessThan(6_000)
    await untilTidy(world)
    await expectCopyCanceled(canceled)
    await expectCopyCanceled(deleted)
    const jobs = (await world.jobs('sync')).filter(({ subject }) => /\/[cd]\d$/.test(subject))
    expect(jobs.map(({ state }) => state)).toEqual(['canceled', 'canceled', 'canceled'])
    expect(await readModel(world, 'd1')).toBeNull()
    expect((await world.objects()).filter((name) => /\/[cd]\d\//.test(name))).toEqual([])
  })

  test('the same bytes under two sources, one of which states no hash, become one object, asked for at once or later', async () => {
    const [atOnce, later, before] = [addCivitaiModel(world), addCivitaiModel(world), addCivitaiModel(world)]
    const byUrl = ({ file }: SyncCase) => ({ sourceUrl: world.fileHost.locationOf(file) })
    await Promise.all([
      world.sync('e1', { name: 'e1', ...atOnce.source }),
      world.sync('e2', { name: 'e2', ...byUrl(atOnce) }),
      world.sync('f1', { name: 'f1', ...later.source }).then(() => world.sync('f2', { name: 'f2', ...byUrl(later) })),
      world.sync('g1', { name: 'g1', ...byUrl(before) }).then(() => world.sync('g2', { name: 'g2', ...before.source })),
    ])
    for (const [name, one] of [
      ['e', atOnce],
      ['f', later],
      ['g', before],
    ] as const) {
      const [first, other] = [await readModel(world, `${name}1`), await readModel(world, `${name}2`)]
      await expectSynced(first ?? {}, one)
      expect(other).toMatchObject({ syncStatus: 'synced', gcsUri: first?.gcsUri, sha256: first?.sha256 })
    }
    // Nobody can know before the bytes are there; after that nobody fetches them again.
    expectFetchedOnce(before)
    await untilTidy(world)
    // The second copy of the same bytes goes when nobody was told of it.
    const objects = async () => (await world.objects('models/')).filter((name) => /\/[efg]\d\//.test(name))
    await until(async () => (await objects()).length === 3)
    await untilTidy(world)
    expect(await ledgerDrift(world)).toBe(0)
    const synced = (await world.db.collection('ai_models').where('syncStatus', '==', 'synced').get()).docs
    const uris = new Set(synced.map((found) => found.get('gcsUri') as string))
    expect([...uris].toSorted()).toEqual(
      (await world.objects()).map((name) => `gs://${modelsBucket}/${name}`).toSorted(),
    )
  })
}
