import { startDocuments } from '../../../support/documents.ts'
import { addCivitaiModel, fetchedBytes, objectName, publishedSha256, untilTidy } from '../../../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({
    documents: startDocuments,
    fileHosts: 2,
    // The older sync would look at its copy again long after that has ended.
    env: { SYNC_LANES: '2', SYNC_COPY_WAIT_MS: '60000' },
  })
  world.fileHosts.all[1]!.shape({ bytesPerSecondPerConnection: 300_000 })
})
afterAll(async () => {
  await untilTidy(world)
  await world.close()
})

test('another version named while the first is copied: the old copy stops, leaves nothing, and the new one is synced', async () => {
  const old = world.fileHosts.at(world.fileHosts.all[1]!, () => addCivitaiModel(world, 2_500_000))
  const wanted = addCivitaiModel(world)
  await world.deliver(await world.write('edited', { name: 'edited', syncStatus: 'syncing', ...old.source }))
  await until(async () => fetchedBytes(world, old.file) > 300_000)
  await world.deliver(await world.write('edited', wanted.source))
  const model = await world.settled('edited')
  expect(model).toMatchObject({ syncStatus: 'synced', sha256: wanted.file.sha256, sizeBytes: wanted.file.sizeBytes })
  expect(await publishedSha256(world, model.gcsUri)).toBe(wanted.file.sha256)

  const copyOfOld = async () => (await world.jobs('copy')).find(({ key }) => key.startsWith(`copy:${old.file.sha256}#`))
  await until(async () => (await copyOfOld())?.state === 'canceled')
  expect(fetchedBytes(world, old.file)).toBeLessThan(old.file.sizeBytes)
  expect(world.finalized.filter((name) => name.startsWith('models/edited/'))).toEqual([objectName(model.gcsUri)])
  const syncs = (await world.jobs('sync')).map(({ state, failure }) => [state, failure?.code])
  expect(syncs.toSorted()).toEqual([
    ['canceled', 'job.superseded'],
    ['done', undefined],
  ])
})
