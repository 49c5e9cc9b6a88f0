import type { DocumentData } from '@google-cloud/firestore'
import type { StartDocuments } from '../../../support/documents.ts'
import {
  addCivitaiModel,
  fetchedBytes,
  objectName,
  publishedSha256,
  type SyncCase,
  timesPublished,
  untilTidy,
} from '../../../support/sync-cases.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/** "Sync now" again, after whatever came of it before. */
export function syncAgain(documents: StartDocuments): void {
  let world: SyncWorld
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      fileHosts: 2,
      env: { SYNC_LANES: '2', SYNC_CONCURRENCY: '8', JOBS_PER_HOUR: '1000' },
    })
    world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: 300_000 })
  })
  afterAll(async () => {
    await untilTidy(world)
    await world.close()
  })

  const slowCase = (): SyncCase => world.fileHosts.at(world.fileHosts.all[1]!, () => addCivitaiModel(world, 2_500_000))

  async function expectSynced(model: DocumentData | null, { file }: SyncCase): Promise<DocumentData> {
    const { sha256, sizeBytes } = file
    expect(model).toMatchObject({ syncStatus: 'synced', sha256, sizeBytes, gcsUri: expect.any(String) })
    for (const field of ['syncError', 'syncErrorCode', 'syncRetryAt']) expect(model).not.toHaveProperty(field)
    expect(await publishedSha256(world, model?.gcsUri)).toBe(sha256)
    return model ?? {}
  }

  test.concurrent('after success: synced again, and no byte is fetched', async () => {
    const one = addCivitaiModel(world)
    const first = await expectSynced(await world.sync('success', { name: 'success', ...one.source }), one)
    const fetched = fetchedBytes(world, one.file)
    const second = await expectSynced(await world.sync('success', {}), one)
    expect(second.gcsUri).toBe(first.gcsUri)
    expect(second.syncJobId).not.toBe(first.syncJobId)
    expect(fetchedBytes(world, one.file)).toBe(fetched)
    expect(timesPublished(world, first.gcsUri)).toBe(1)
  })

  test.concurrent('after failure: once the reason is gone it is synced, and the failure is forgotten', async () => {
    const one = addCivitaiModel(world)
    const failed = await world.sync('failure', { name: 'failure', ...one.source, versionId: '999' })
    expect(failed).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: expect.stringMatching(/^civitai\./) })
    await expectSynced(await world.sync('failure', one.source), one)
  })

  test.concurrent('after a failure of the copy itself: another copy is made', async () => {
    const { file } = addCivitaiModel(world)
    const url = world.fileHost.locationOf(file)
    const failed = await world.sync('mismatch', { name: 'mismatch', sourceUrl: url, sourceSha256: 'f'.repeat(64) })
    expect(failed).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: expect.stringMatching(/mismatch/) })
    const mended = { sourceUrl: url, sourceSha256: file.sha256 }
    await expectSynced(await world.sync('mismatch', mended), { file, source: mended })
  })

  test.concurrent('after a cancel in mid-copy, when all of it is cleaned up: copied again', async () => {
    const one = slowCase()
    await world.deliver(await world.write('cancel', { name: 'cancel', syncStatus: 'syncing', ...one.source }))
    await until(async () => fetchedBytes(world, one.file) > 300_000)
    await world.deliver(await world.write('cancel', { syncStatus: 'notsynced' }))
    await until(async () => (await copiesOf(one)).every(({ state }) => state === 'canceled'))
    const model = await expectSynced(await world.sync('cancel', {}), one)
    expect(timesPublished(world, model.gcsUri)).toBe(1)
  })

  test.concurrent('a cancel whose event was lost ends the copy too, when the sync looks at it next', async () => {
    const one = slowCase()
    await world.deliver(await world.write('unheard', { name: 'unheard', syncStatus: 'syncing', ...one.source }))
    await until(async () => fetchedBytes(world, one.file) > 300_000)
    await world.write('unheard', { syncStatus: 'notsynced' })
    await until(async () => (await copiesOf(one)).every(({ state }) => state === 'canceled'))
    expect(await world.objects('models/unheard/')).toEqual([])
    await expectSynced(await world.sync('unheard', {}), one)
  })

  test.concurrent('after eviction, of which nobody was told: copied again', async () => {
    const one = addCivitaiModel(world)
    const first = await world.sync('eviction', { name: 'eviction', ...one.source })
    await world.storage.bucket(modelsBucket).file(objectName(first.gcsUri)).delete()
    const second = await expectSynced(await world.sync('eviction', {}), one)
    expect(second.gcsUri).toBe(first.gcsUri)
    expect(timesPublished(world, first.gcsUri)).toBe(2)
    expect(fetchedBytes(world, one.file)).toBeGreaterThanOrEqual(2 * one.file.sizeBytes)
  })

  test.concurrent('a file without a stated hash is known by its URL, and after eviction copied again too', async () => {
    const { file } = addCivitaiModel(world)
    const source = { sourceUrl: world.fileHost.locationOf(file) }
    const first = await expectSynced(await world.sync('url', { name: 'url', ...source }), { file, source })
    const fetched = fetchedBytes(world, file)
    await expectSynced(await world.sync('url', {}), { file, source })
    // A probe of one byte asks whether it is still the same.
    expect(fetchedBytes(world, file) - fetched).toBeLessThan(10)
    await world.storage.bucket(modelsBucket).file(objectName(first.gcsUri)).delete()
    await expectSynced(await world.sync('url', {}), { file, source })
    expect(fetchedBytes(world, file)).toBeGreaterThanOrEqual(2 * file.sizeBytes)
  })

  async function copiesOf({ file }: SyncCase) {
    return (await world.jobs('copy')).filter(({ key }) => key.startsWith(`copy:${file.sha256}#`))
  }
}
