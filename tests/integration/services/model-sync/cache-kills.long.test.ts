import { readLedger } from '#shared/cache/ledger.ts'
import { createBucketMeter } from '../../../support/bucket-meter.ts'
import { startDocuments } from '../../../support/documents.ts'
import type { KillMoment } from '../../../support/kill-proxy.ts'
import { addCivitaiModel, ledgerDrift, readModel, reconcile, untilTidy } from '../../../support/sync-cases.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

const sizeBytes = 600_000
/** One file, and the next with its parts where that one goes. */
const limitBytes = 2 * sizeBytes

const meter = createBucketMeter(modelsBucket)
let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({
    documents: startDocuments,
    killProxy: true,
    onObjectChange: (change) => meter.onObjectChange(change),
    env: {
      CACHE_MAX_BYTES: String(limitBytes),
      LEASE_MS: '2000',
      STUCK_AFTER_MS: '300',
      SYNC_COPY_WAIT_MS: '300',
    },
  })
})
afterAll(() => world.close())

const sync = (id: string) => world.sync(id, { name: id, ...addCivitaiModel(world, sizeBytes).source })

test('an instance that is killed in an eviction, before the object goes, as it goes or behind it, is succeeded, and no byte lay beyond the limit', async () => {
  let last = 'first'
  expect(await sync(last)).toMatchObject({ syncStatus: 'synced' })
  for (const moment of ['before', 'unanswered', 'after'] satisfies KillMoment[]) {
    const order = world.proxy!.arm({
      k: 1,
      moment,
      match: (label) => /^DELETE .*\/o\/models\//.test(label),
      kill: () => world.killService(),
    })
    const id = `kill-${moment}`
    const synced = sync(id)
    await until(async () => order.fired !== null, 10)
    await world.restartService()
    await until(async () => {
      await reconcile(world)
      return (await readModel(world, id))?.syncStatus === 'synced'
    }, 100)
    expect(await synced).toMatchObject({ syncStatus: 'synced' })
    await untilTidy(world, () => reconcile(world))
    expect(await readModel(world, last)).toMatchObject({ syncStatus: 'notsynced' })
    expect(await world.objects()).toHaveLength(1)
    expect(await ledgerDrift(world)).toBe(0)
    last = id
  }
  expect(meter.mostBytes).toBeLessThanOrEqual(limitBytes)
})

test('a sync that is canceled while its copy waits for room leaves the queue', async () => {
  const ledger = async () => (await readLedger(world.db, modelsBucket))!
  world.fileHost.shape({ bytesPerSecondPerConnection: 20_000 })
  const running = sync('running')
  await until(async () => Object.keys((await ledger()).reserved).length === 1, 20)
  const waiting = sync('waiting')
  await until(async () => Object.keys((await ledger()).waiting).length === 1, 20)
  await world.deliver(await world.write('waiting', { syncStatus: 'notsynced' }))
  await until(async () => Object.keys((await ledger()).waiting).length === 0, 20)
  world.fileHost.shape({ bytesPerSecondPerConnection: 20_000_000 })
  expect(await waiting).toMatchObject({ syncStatus: 'notsynced' })
  expect(await running).toMatchObject({ syncStatus: 'synced' })
  await untilTidy(world)
  expect(await ledgerDrift(world)).toBe(0)
})
