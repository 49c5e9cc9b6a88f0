import type { DocumentData } from '@google-cloud/firestore'
import { type CleanReport, cacheCleanNames, cacheVerifyNames } from '#shared/cache/cache-jobs.ts'
import { ledgerRef, readLedger } from '#shared/cache/ledger.ts'
import { holdFile, pinFile } from '#shared/cache/use-file.ts'
import { followJob } from '#shared/jobs/follow-job.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { createJobRequests } from '#shared/jobs/job-requests.ts'
import { createBucketMeter } from '../../../support/bucket-meter.ts'
import { startDocuments } from '../../../support/documents.ts'
import { addCivitaiModel, publishedSha256, readModel, reconcile, untilTidy } from '../../../support/sync-cases.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

const sizeBytes = 700_000
const syncs = 20
/** Twelve copies at once, each with its parts, beside two files that stay. */
const limitBytes = (2 * 12 + 2) * sizeBytes
const hourMs = 3_600_000

const meter = createBucketMeter(modelsBucket)
let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({
    documents: startDocuments,
    onObjectChange: (change) => meter.onObjectChange(change),
    env: {
      CACHE_MAX_BYTES: String(limitBytes),
      CACHE_WAIT_MS: String(hourMs),
      SYNC_CONCURRENCY: '16',
      SYNC_COPY_WAIT_MS: '300',
      SYNC_LANES: '1',
      LEASE_MS: '30000',
      LOG_LEVEL: 'error',
    },
  })
})
afterAll(() => world.close())

const ledger = async () => (await readLedger(world.db, modelsBucket))!
const fileIdOf = async ({ gcsUri }: DocumentData) =>
  (await world.db.collection('model_files').where('uri', '==', gcsUri).get()).docs[0]!.id

function startSync(id: string) {
  const one = addCivitaiModel(world, sizeBytes)
  return world.sync(id, { name: id, ...one.source }).then((model) => ({ id, model, sha256: one.file.sha256 }))
}

async function hold(model: DocumentData, untilMs: number): Promise<void> {
  const fileId = await fileIdOf(model)
  expect(await holdFile(world.db, { fileId, holder: 'test', until: new Date(untilMs) })).toBe(true)
}

/** The books say what lies there, and nothing is promised any more. */
async function expectTidyBooks(): Promise<void> {
  await untilTidy(world)
  await reconcile(world)
  expect(await ledger()).toMatchObject({ storedBytes: meter.bytes, reserved: {}, waiting: {} })
}

test('of 20 syncs at once into room for 12 copies 8 wait, and all are synced; no byte ever lay beyond the limit, and what is pinned or held stays', async () => {
  const [pinned, held] = await Promise.all([startSync('pinned'), startSync('held')])
  await pinFile(world.db, { fileId: await fileIdOf(pinned.model), pinned: true })
  await hold(held.model, Date.now() + hourMs)
  // So slow that none ends before all of them have asked for room.
  world.fileHost.shape({ bytesPerSecondPerConnection: 10_000 })
  const all = Promise.all(Array.from({ length: syncs }, (_, index) => startSync(`model-${index}`)))
  await until(async () => Object.keys((await ledger()).waiting).length === 8, 50)
  expect(Object.keys((await ledger()).reserved)).toHaveLength(12)
  world.fileHost.shape({ bytesPerSecondPerConnection: 20_000_000 })
  const settled = await all
  for (const { model, sha256 } of settled) {
    expect(model).toMatchObject({ syncStatus: 'synced', sha256 })
    expect(await publishedSha256(world, model.gcsUri)).toBe(sha256)
  }
  for (const { id } of [pinned, held]) expect(await readModel(world, id)).toMatchObject({ syncStatus: 'synced' })
  console.log(`at most ${meter.mostBytes} of ${limitBytes} bytes lay in the bucket, by ${meter.samples} samples`)
  expect(meter.mostBytes).toBeLessThanOrEqual(limitBytes)
  // Each of them at least three parts, a file, and three removals.
  expect(meter.samples).toBeGreaterThanOrEqual((syncs + 2) * 7)
  expect(meter.bytes).toBe((syncs + 2) * sizeBytes)
  await expectTidyBooks()
})

test('where all that lies there is held, copies wait, and fail by a code that says why when their time is over', async () => {
  for (let index = 0; index < syncs; index++) {
    await hold((await readModel(world, `model-${index}`))!, Date.now() + hourMs)
  }
  // Room for three more, not for four: the last finds place for itself and none for its parts.
  for (const id of ['more-0', 'more-1', 'more-2']) await hold((await startSync(id)).model, Date.now() + hourMs)
  const last = startSync('last')
  await until(async () => {
    const [jobId] = Object.keys((await ledger()).waiting)
    if (jobId === undefined) return false
    await ledgerRef(world.db, modelsBucket).update({ [`waiting.${jobId}.sinceMs`]: Date.now() - 2 * hourMs })
    return true
  }, 50)
  expect((await last).model).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: 'cache.full' })
  expect(meter.mostBytes).toBeLessThanOrEqual(limitBytes)
  await expectTidyBooks()
})

test('a lease that ends makes room: its file goes, no other', async () => {
  await hold((await readModel(world, 'model-7'))!, Date.now() + 500)
  expect((await startSync('late')).model).toMatchObject({ syncStatus: 'synced' })
  const evicted = await readModel(world, 'model-7')
  expect([evicted?.syncStatus, evicted?.gcsUri]).toEqual(['notsynced', undefined])
  const synced = await world.db.collection('ai_models').where('syncStatus', '==', 'synced').get()
  expect(synced.size).toBe(syncs + 2 + 3)
  expect(meter.mostBytes).toBeLessThanOrEqual(limitBytes)
  await expectTidyBooks()
})

test('a clean-up and a verification are done for whoever asks by the books, and report', async () => {
  const requests = createJobRequests({ db: world.db, wakeQueue: null, deadlineMs: hourMs })
  const report = async (names: { key(input: { requestId: string }): string }, input: { requestId: string }) => {
    await reconcile(world)
    return (await followJob(world.db, jobId(names.key(input)))).result
  }
  const cleanInput = { requestId: 'clean', maxBytes: 0, keepRecent: null, fileIds: null }
  await requests.enqueue(cacheCleanNames, cleanInput)
  const cleaned = (await report(cacheCleanNames, cleanInput)) as CleanReport
  // The late one alone is neither pinned nor held.
  expect(cleaned).toMatchObject({ deleted_count: 1, freed_bytes: sizeBytes, spared_count: 0 })
  expect(new Set(cleaned.kept_models.map(({ why }) => why))).toEqual(new Set(['pinned', 'leased']))
  expect((await readModel(world, 'late'))?.syncStatus).toBe('notsynced')

  const verifyInput = { requestId: 'verify', repair: true }
  await requests.enqueue(cacheVerifyNames, verifyInput)
  expect(await report(cacheVerifyNames, verifyInput)).toEqual({
    checked_files: cleaned.kept_models.length,
    checked_bytes: cleaned.kept_models.length * sizeBytes,
    repaired: true,
    findings: [],
    findings_count: 0,
    drift_bytes: 0,
  })
  await expectTidyBooks()
})
