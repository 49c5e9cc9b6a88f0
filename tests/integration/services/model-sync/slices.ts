import type { StartDocuments } from '../../../support/documents.ts'
import {
  addCivitaiModel,
  fetchedBytes,
  publishedSha256,
  reconcile,
  type SyncCase,
  timesPublished,
  untilTidy,
} from '../../../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

const partBytes = 256 * 1024
const lanes = 2
/** What one request may work. */
const budgetMs = 1_000
/** A file that takes about two of them. */
const fileBytes = 1_800_000

/** A copy that goes on in another request, another process, or without the event that asked for it. */
export function slices(documents: StartDocuments): void {
  let world: SyncWorld
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      env: {
        // Nothing here may have to wait for a lease, or for a look at the copy, to be over.
        LEASE_MS: '60000',
        SYNC_COPY_WAIT_MS: '60000',
        WORK_BUDGET_MS: String(budgetMs),
        STUCK_AFTER_MS: '0',
        SYNC_LANES: String(lanes),
        SYNC_CONCURRENCY: '4',
      },
    })
    world.fileHost.shape({ bytesPerSecondPerConnection: 600_000 })
  })
  afterAll(() => world.close())

  async function begin(modelId: string): Promise<SyncCase> {
    const one = addCivitaiModel(world, fileBytes)
    await world.deliver(await world.write(modelId, { name: modelId, syncStatus: 'syncing', ...one.source }))
    return one
  }

  async function expectSynced(modelId: string, { file }: SyncCase): Promise<void> {
    const model = await world.settled(modelId)
    expect(model).toMatchObject({ syncStatus: 'synced', sha256: file.sha256 })
    expect(await publishedSha256(world, model.gcsUri)).toBe(file.sha256)
    expect(timesPublished(world, model.gcsUri)).toBe(1)
  }

  async function copyOf({ file }: SyncCase) {
    return (await world.jobs('copy')).find(({ key }) => key === `copy:${file.sha256}#1`)
  }

  test('a copy that takes longer than one request may is made in several, none of which counts as a failure', async () => {
    const one = await begin('long')
    await expectSynced('long', one)
    const copy = await copyOf(one)
    expect(copy).toMatchObject({ state: 'done', failures: 0, lastFailure: null })
    expect(copy?.claims).toBeGreaterThanOrEqual(2)
    // What was under way at the end of a slice is fetched again, no more.
    const again = fetchedBytes(world, one.file) - fileBytes
    expect(again).toBeLessThanOrEqual(((copy?.claims ?? 0) - 1) * lanes * partBytes)
    console.log(`${copy?.claims} slices of ${budgetMs} ms, ${again} bytes fetched again`)
    await untilTidy(world)
  })

  test('SIGTERM in mid-copy: it ends in time, the lease is given back at once, and the next instance goes on where it was', async () => {
    const one = await begin('stopped')
    await until(async () => (await world.objects('work/')).length >= 3)
    const startedAtMs = performance.now()
    const { child, exited } = world.service
    child.kill('SIGTERM')
    await exited
    const tookMs = performance.now() - startedAtMs
    expect(child.exitCode).toBe(0)
    expect(tookMs).toBeLessThan(10_000)
    const kept = await world.objects('work/')
    expect(kept.length).toBeGreaterThanOrEqual(3)
    expect(await copyOf(one)).toMatchObject({ lease: null, failures: 0 })
    await world.restartService()
    // The lease of a minute would be longer than this test.
    await expectSynced('stopped', one)
    expect(await copyOf(one)).toMatchObject({ state: 'done', failures: 0, lastFailure: null })
    console.log(`ended ${Math.round(tookMs)} ms after SIGTERM with ${kept.length} parts kept`)
    await untilTidy(world)
  })

  test('a copy whose instance dies between its end and the wake of those who wait: they end soon all the same', async () => {
    const one = await begin('unwoken')
    const { promise: isDone, resolve } = Promise.withResolvers<void>()
    const stop = world.db
      .collection('jobs')
      .where('key', '==', `copy:${one.file.sha256}#1`)
      .onSnapshot(({ docs }) => {
        if (docs[0]?.get('state') !== 'done') return
        world.service.child.kill('SIGKILL')
        resolve()
      })
    await isDone
    stop()
    await world.service.exited
    const startedAtMs = performance.now()
    await world.restartService()
    await expectSynced('unwoken', one)
    // Not after the minute that a sync waits between two looks.
    expect(performance.now() - startedAtMs).toBeLessThan(20_000)
    await untilTidy(world)
  })

  test('an event that was lost altogether is made up for by the reconciler, and nothing of it is done twice', async () => {
    const one = addCivitaiModel(world, 300_000)
    const event = await world.write('lost', { name: 'lost', syncStatus: 'syncing', ...one.source })
    expect(await reconcile(world)).toMatchObject({ startedModels: 1 })
    await expectSynced('lost', one)
    expect(await world.deliver(event)).toEqual([204])
    expect(fetchedBytes(world, one.file)).toBe(one.file.sizeBytes)
    expect((await world.jobs('sync')).filter(({ subject }) => subject === 'ai_models/lost')).toHaveLength(1)
    expect(await reconcile(world)).toMatchObject({ startedModels: 0, wokenJobs: 0, cleanedJobs: 0 })
  })
}
