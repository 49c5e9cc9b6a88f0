import type { VerifyFinding } from '#shared/cache/cache-jobs.ts'
import { cleanCache, NOTHING_CLEANED } from '#shared/cache/clean-cache.ts'
import { tellCustomTimes } from '#shared/cache/tell-custom-times.ts'
import { touchFile } from '#shared/cache/use-file.ts'
import { verifyCache } from '#shared/cache/verify-cache.ts'
import type { VerifyCheckpoint } from '#shared/cache/verify-state.ts'
import { modelFileRef, toModelFile } from '#shared/documents/model-files.ts'
import { type CacheWorld, cacheBucket, startCacheWorld } from '../../../support/cache-world.ts'

let world: CacheWorld
beforeAll(async () => {
  world = await startCacheWorld()
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const model = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).data()
const row = async (id: string) => toModelFile(id, (await modelFileRef(world.db, id).get()).data())

async function verify(repair: boolean, more: { checkpoint?: VerifyCheckpoint | null; signal?: AbortSignal } = {}) {
  const checkpoints: VerifyCheckpoint[] = []
  const report = await verifyCache(world, {
    repair,
    checkpoint: more.checkpoint ?? null,
    storeCheckpoint: async (checkpoint) => void checkpoints.push(checkpoint),
    onProgress: () => {},
    signal: more.signal ?? new AbortController().signal,
  })
  return { report, checkpoints }
}

const kinds = (findings: readonly VerifyFinding[]) =>
  findings.map(({ kind, uri }) => `${kind} ${uri.split('/').at(-1)}`)

function overwrite(name: string, content: string, metadata: Record<string, string>) {
  return world.store.stat({ bucket: cacheBucket, name }).then((facts) =>
    world.store.write({
      bucket: cacheBucket,
      name,
      bytes: Buffer.from(content),
      contentType: 'x/y',
      ifGeneration: facts?.generation ?? '0',
      metadata,
    }),
  )
}

test('a cache in order has nothing to tell', async () => {
  await world.add('a')
  await world.add('b')
  await world.count()
  const { report } = await verify(true)
  expect(report).toEqual({
    checked_files: 2,
    checked_bytes: 200,
    repaired: true,
    findings: [],
    findings_count: 0,
    drift_bytes: 0,
  })
  expect(await model('a')).toMatchObject({ syncStatus: 'synced' })
})

describe('drift between index and bucket', () => {
  /** The index says another hash than the bytes have. */
  async function damage(fileId: string): Promise<void> {
    const { stored } = await row(fileId)
    await modelFileRef(world.db, fileId).update({ stored: { ...stored, sha256: 'f'.repeat(64) } })
  }

  /** One of each kind. */
  async function disorder() {
    const files = {
      fine: await world.add('fine'),
      missing: await world.add('missing'),
      damaged: await world.add('damaged'),
      rewritten: await world.add('rewritten'),
      lost: await world.add('lost'),
    }
    await world.count()
    await world.store.remove({ bucket: cacheBucket, name: 'models/missing.bin' })
    await damage(files.damaged.fileId)
    await overwrite('models/rewritten.bin', 'rewritten'.padEnd(100, '.'), { copyJobId: 'copy-rewritten' })
    // Its row is lost, and the models that name it are not.
    await modelFileRef(world.db, files.lost.fileId).delete()
    await overwrite('models/person.bin', 'put there by hand', {})
    await overwrite('models/liar.bin', 'not what it says', { copyJobId: 'x', sha256: files.fine.fileId })
    await world.db.doc('ai_models/orphan').set({ syncStatus: 'synced', gcsUri: `gs://${cacheBucket}/models/none.bin` })
    return files
  }

  const found = [
    'adopted lost.bin',
    'adopted rewritten.bin',
    'damaged damaged.bin',
    'missing missing.bin',
    'model-without-file none.bin',
    'stray liar.bin',
    'stray person.bin',
  ]

  test('is only told where nobody asks for more', async () => {
    const files = await disorder()
    const before = await world.objects()
    const { report } = await verify(false)
    expect(kinds(report.findings).toSorted()).toEqual(found)
    expect(await world.objects()).toEqual(before)
    for (const name of ['missing', 'damaged', 'lost', 'orphan']) expect(await model(name)).toHaveProperty('gcsUri')
    expect((await row(files.damaged.fileId)).stored).not.toBeNull()
    expect(report.drift_bytes).toBe(100 - 'put there by handnot what it says'.length)
  })

  test('is put right both ways, and a second look finds only what no program can judge', async () => {
    const files = await disorder()
    const { report } = await verify(true)
    expect(kinds(report.findings).toSorted()).toEqual(found)
    expect(await world.objects()).toEqual(
      ['fine', 'liar', 'lost', 'person', 'rewritten'].map((name) => `models/${name}.bin`),
    )
    for (const name of ['missing', 'damaged', 'orphan']) {
      expect((await model(name))?.syncStatus).toBe('notsynced')
      expect(await model(name)).not.toHaveProperty('gcsUri')
    }
    for (const name of ['fine', 'lost', 'rewritten'] as const) {
      expect(await model(name)).toMatchObject({ syncStatus: 'synced', gcsUri: files[name].uri })
      expect(await row(files[name].fileId)).toMatchObject({ users: [name] })
    }
    expect(await world.books()).toEqual({ driftBytes: 0, reserved: {} })
    const again = await verify(true)
    expect(kinds(again.report.findings).toSorted()).toEqual(['stray liar.bin', 'stray person.bin'])
    expect(again.report).toMatchObject({ checked_files: 5, drift_bytes: 0 })
  })
})

test('a repair lists a model beside others of its owner’s and the system’s, and no stranger who has written its address', async () => {
  const own = await world.add('own')
  const system = await world.add('system')
  await world.db.doc('ai_models/own').update({ userId: 'ana' })
  const name = (id: string, userId: string, gcsUri: string) =>
    world.db.doc(`ai_models/${id}`).set({ name: id, userId, syncStatus: 'synced', gcsUri })
  await name('second', 'ana', own.uri)
  await name('forged', 'eve', own.uri)
  await name('shared', 'eve', system.uri)
  await verify(true)
  expect((await row(own.fileId)).users.toSorted()).toEqual(['own', 'second'])
  expect((await row(system.fileId)).users.toSorted()).toEqual(['shared', 'system'])
})

test('a verification that is cut short goes on where it was', async () => {
  for (const name of ['a', 'b', 'c']) await world.add(name)
  const whole = await verify(false)
  expect(whole.checkpoints.map(({ checkedFiles }) => checkedFiles)).toEqual([1, 2, 3])
  // Nobody reads again what was read: a damage there is not seen.
  const [first, second] = whole.checkpoints
  await overwrite(`models/${(await row(first!.after!)).users[0]}.bin`, 'x'.repeat(100), {})
  const rest = await verify(false, { checkpoint: second! })
  expect(rest.report).toMatchObject({ checked_files: 3, checked_bytes: 300, findings: [] })
})

test('what could not be read to its end twice is left out, and said', async () => {
  const { fileId } = await world.add('huge')
  await modelFileRef(world.db, fileId).update({ countedBytes: 2 ** 31 })
  const [begun] = (await verify(false)).checkpoints
  expect(begun?.attempt).toEqual({ id: fileId, times: 1 })
  const { report } = await verify(false, { checkpoint: { ...begun!, attempt: { id: fileId, times: 2 } } })
  expect(kinds(report.findings)).toEqual(['unchecked huge.bin'])
  expect(report.checked_files).toBe(0)
})

test('a clean-up evicts what was used least recently, and reports what went and why the rest stayed', async () => {
  const old = await world.add('old', { minutesAgo: 60 })
  const young = await world.add('young', { minutesAgo: 1 })
  const pinned = await world.add('pinned', { minutesAgo: 90, row: { pinned: true } })
  const counts: unknown[] = []
  const clean = (before = NOTHING_CLEANED) =>
    cleanCache(world.room(0), {
      maxBytes: 0,
      keepRecent: 1,
      fileIds: null,
      before,
      keep: async (count) => void counts.push(count),
      onProgress: () => {},
      signal: new AbortController().signal,
    })
  const kept = (file: typeof old, why: string) => ({
    file_id: file.fileId,
    uri: file.uri,
    bytes: 100,
    models: file.modelIds,
    why,
  })
  const report = await clean()
  expect(report).toEqual({
    deleted_count: 1,
    freed_space_gb: 0,
    freed_bytes: 100,
    kept_models: [kept(pinned, 'pinned'), kept(young, 'recent')],
    spared_count: 0,
  })
  expect(counts).toEqual([{ deleted: 1, freedBytes: 100, spared: 0 }])
  expect(await world.objects()).toEqual(['models/pinned.bin', 'models/young.bin'])
  // The claim after a crash counts on from there.
  expect(await clean({ deleted: 1, freedBytes: 100, spared: 0 })).toEqual(report)
})

test('the bucket is told of uses by the custom time of the objects', async () => {
  const { fileId } = await world.add('a')
  const object = world.google.storage.bucket(cacheBucket).file('models/a.bin')
  expect((await object.getMetadata())[0].customTime).toBeUndefined()
  await touchFile(world, { fileId })
  expect(await tellCustomTimes(world, { limit: 10 })).toBe(1)
  const { lastUsedAt, customTime } = await row(fileId)
  expect((await object.getMetadata())[0].customTime).toBe(lastUsedAt!.toDate().toISOString())
  expect(customTime).toEqual(lastUsedAt)
  expect(await tellCustomTimes(world, { limit: 10 })).toBe(0)
})
