import sharp from 'sharp'
import { listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { usedOf } from '#shared/documents/quotas.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { until } from '../../../../support/until.ts'
import { photoArchive, photos } from './photo-archives.ts'
import { type StartWorld, userId, useStartWorld, workBucket } from './start-world.ts'

let world: StartWorld

useStartWorld((started) => {
  world = started
})

async function zipEntries(trainingId: string): Promise<Record<string, Buffer>> {
  const object = { bucket: workBucket, name: trainingZipName({ userId, id: trainingId }) }
  const facts = (await world.store.stat(object))!
  const zip = (await world.store.read(object, { generation: facts.generation, maxBytes: 1e8 }))!
  const read = async (offset: number, length: number) => zip.subarray(offset, offset + length)
  const limits = { maxEntries: 500, maxEntryBytes: 1e7, maxTotalBytes: 1e8, maxRatio: 100 }
  const entries: Record<string, Buffer> = {}
  for (const entry of await listZip({ read, sizeBytes: zip.length, limits })) {
    const chunks: Buffer[] = []
    for await (const chunk of readZipEntry(read, entry)) chunks.push(chunk)
    entries[entry.name] = Buffer.concat(chunks)
  }
  return entries
}

test('uploads become one archive and one training, and the single photos are gone', async () => {
  const training = await world.train(await world.upload(await photos(5)))

  expect(training).toMatchObject({ status: 'training', stage: 'training', photoCount: 5, error: null })
  expect(training.zipSizeBytes).toBeGreaterThan(1000)
  expect(training.destination).toBe(`charaforge-local/charaforge-${training.id}`)
  const created = world.replicate.requests.filter(({ endpoint }) => endpoint === 'train')
  expect(created.map(({ runId }) => runId)).toEqual([training.replicateTrainingId])
  expect(created[0]?.input).toMatchObject({
    trigger_word: 'ohwx',
    steps: 500,
    resolution: '512,768',
    lora_rank: 8,
    autocaption: true,
    learning_rate: 4e-4,
  })
  expect(await world.objects()).toEqual([trainingZipName(training)])
  expect(Object.keys(await zipEntries(training.id))).toEqual([1, 2, 3, 4, 5].map((number) => `photo-00${number}.jpg`))
  const usage = await world.usage()
  expect([usage.storage.reserved, usedOf(usage, 'trainings', new Date(world.clock.now()))]).toEqual([{}, 1])
  const [finish, ...others] = await world.jobsOf('training-finish')
  expect(others).toEqual([])
  expect(finish?.input).toEqual({ trainingId: training.id, userId, runId: training.replicateTrainingId })
  expect((await world.job(training.id)).state).toBe('done')
  expect(world.log.entries.filter(({ event }) => event === 'training-stage')).toMatchObject([
    { stage: 'upload', status: 'done', imageCount: 5, modelId: training.id },
  ])
})

test('an archive becomes the same, with its captions and without what desktops leave in it', async () => {
  const extras = [
    { name: '__MACOSX/set/._0.jpg', content: Buffer.from('junk') },
    { name: 'set/.DS_Store', content: Buffer.from('junk') },
    { name: 'set/2.txt', content: Buffer.from('a woman\nin the \u202erain') },
  ]
  const training = await world.train(world.serve(await photoArchive(4, extras)))

  expect(training).toMatchObject({ status: 'training', photoCount: 4 })
  expect(training.inputHash).toMatch(/^[0-9a-f]{64}$/)
  const entries = await zipEntries(training.id)
  expect(Object.keys(entries)).toEqual([
    'photo-001.jpg',
    'photo-002.jpg',
    'photo-003.jpg',
    'photo-003.txt',
    'photo-004.jpg',
  ])
  expect(entries['photo-003.txt']?.toString()).toBe('a woman in the rain')
  expect((await sharp(entries['photo-001.jpg']).metadata()).width).toBe(48)
  expect((await world.objects()).filter((name) => name.startsWith('work/'))).toEqual([])
})

test('the archive that Replicate is sent to is good for as long as its queue may last', async () => {
  const training = await world.train(await world.upload(await photos(4)))
  const runs = await fetch(`${world.replicate.url}/v1/trainings/${training.replicateTrainingId}`, {
    headers: { authorization: `Bearer r8_local-replicate-token` },
  })
  const { input, webhook } = (await runs.json()) as { input: Record<string, string>; webhook: string }
  const zip = await fetch(input.input_images!)

  expect([zip.status, (await zip.arrayBuffer()).byteLength]).toEqual([200, training.zipSizeBytes])
  expect(new URL(input.input_images!).searchParams.get('X-Goog-Expires')).toBe('3600')
  expect(webhook).toBe(`http://127.0.0.1:9/webhooks/replicate/${training.id}?kind=training`)
})

test('the same archive asked again within a day is refused by name, unless it is forced', async () => {
  const archive = world.serve(await photoArchive(4, [], 99))
  const first = await world.train(archive)
  const again = await world.train(archive)
  const forced = await world.train(archive, { force: true })

  expect(again).toMatchObject({ status: 'failed', stage: 'upload', error: { code: 'training.same-input' } })
  expect(again.error?.message).toContain(`“Ana, March” (training ${first.id})`)
  expect((await world.usage()).quotas.trainings[again.id]).toBeUndefined()
  expect([first.status, forced.status]).toEqual(['training', 'training'])
})

test('a lost answer is found in the list, and nothing is created again', async () => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'lost-answer' } })
  const before = world.charged()
  const training = await world.train(await world.upload(await photos(4)))
  world.replicate.assertAllFired()

  expect([training.status, world.charged() - before]).toEqual(['training', 1])
})

test('an instance that stalled before it wrote the photos writes nothing over those of the next', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const [stalled, wake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const scanner = {
    scan: async () => {
      stalled.resolve()
      await wake.promise
      return { infected: false } as const
    },
  }
  const late = world.attempt(id, { scanner })
  await stalled.promise
  await world.expireLease(id)
  const training = await world.finish(id)
  const zip = { bucket: workBucket, name: trainingZipName(training) }
  const { generation } = (await world.store.stat(zip))!
  const charged = world.charged()
  wake.resolve()

  expect((await late).kind).not.toBe('done')
  expect((await world.store.stat(zip))?.generation).toBe(generation)
  expect([training.status, world.charged() - charged]).toEqual(['training', 0])
})

test.each([
  ['three photos', 'training.too-few-photos', async () => await world.upload(await photos(3))],
  ['an archive with another file in it', 'training.archive-foreign-file', async () => world.serve(await withNotes())],
] as const)('%s end it refunded, with one mail and nothing left', async (_, code, source) => {
  const training = await world.train(await source())
  const { quotas, storage } = await world.usage()

  expect(training).toMatchObject({ status: 'failed', stage: 'upload', error: { code } })
  expect([quotas.trainings[training.id], storage.reserved]).toEqual([undefined, {}])
  expect((await world.db.doc(`mail/training-${training.id}`).get()).get('message.text')).toContain(
    training.error?.message,
  )
  expect((await world.objects()).filter((name) => !name.startsWith('training-zips/'))).toEqual([])
  expect(await world.objects()).not.toContain(trainingZipName(training))
})

async function withNotes(): Promise<Buffer> {
  return await photoArchive(4, [{ name: 'notes.pdf', content: Buffer.from('%PDF') }])
}

test('a cancel between two photos ends it at once, refunded and with nothing left', async () => {
  const id = await world.ask(await world.upload(await photos(6)))
  let scans = 0
  const scan = async () => {
    scans += 1
    if (scans === 2) await world.cancel(id)
    return { infected: false } as const
  }
  const training = await world.finish(id, { scanner: { scan } })

  expect([training.status, scans]).toEqual(['canceled', 2])
  expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
  expect(await world.objects()).not.toContain(trainingZipName(training))
})

test('no more than two trainings make photos ready at once, however many begin', async () => {
  const ids: string[] = []
  for (let count = 0; count < 4; count++) ids.push(await world.ask(await world.upload(await photos(4))))
  const [atWork, seen] = [new Set<string>(), new Set<string>()]
  let most = 0
  const begun = async () => (await Promise.all(ids.map((id) => world.job(id)))).every(({ state }) => state !== 'queued')
  const attempts = ids.map((id) => {
    let scans = 0
    const scan = async () => {
      atWork.add(id)
      seen.add(id)
      most = Math.max(most, atWork.size)
      scans += 1
      // All of them want a place by now.
      if (scans === 1) await until(async () => seen.size >= 2 && (await begun()))
      if (scans === 4) atWork.delete(id)
      return { infected: false } as const
    }
    return world.attempt(id, { scanner: { scan } })
  })
  await Promise.all(attempts)

  expect(most).toBe(2)
  const trainings = await Promise.all(ids.map((id) => world.training(id)))
  expect(trainings.map(({ status }) => status)).toEqual(Array(4).fill('training'))
})
