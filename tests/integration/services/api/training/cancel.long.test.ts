import type { PhotoSource } from '#shared/trainings/training-jobs.ts'
import type { StartDeps } from '../../../../../services/api/training/start-deps.ts'
import { photoArchive, photos } from './photo-archives.ts'
import { type StartWorld, useStartWorld } from './start-world.ts'

let world: StartWorld

useStartWorld((started) => {
  world = started
})

/** The world's, with a cancel by the owner at a moment that the test chooses. */
type At = (cancel: () => Promise<void>) => Partial<StartDeps>

const beforeScan =
  (number: number): At =>
  (cancel) => {
    let scans = 0
    const scan = async () => {
      scans += 1
      if (scans === number) await cancel()
      return { infected: false } as const
    }
    return { scanner: { scan } }
  }
const atDestination: At = (cancel) => {
  const { models } = world.deps.replicate!.client
  const ensurePrivate: typeof models.ensurePrivate = async (model) => {
    await cancel()
    return await models.ensurePrivate(model)
  }
  return {
    replicate: {
      ...world.deps.replicate!,
      client: { ...world.deps.replicate!.client, models: { ...models, ensurePrivate } },
    },
  }
}

async function canceled(source: PhotoSource, at: At): Promise<string> {
  const id = await world.ask(source)
  await world.finish(
    id,
    at(() => world.cancel(id)),
  )
  return id
}

test.each([
  ['while it waits', async () => world.upload(await photos(4)), null],
  ['between two photos', async () => world.upload(await photos(6)), beforeScan(2)],
  ['between two photos of an archive', async () => world.serve(await photoArchive(6)), beforeScan(5)],
  ['at its last photo', async () => world.upload(await photos(4)), beforeScan(4)],
  ['before its creation', async () => world.upload(await photos(4)), atDestination],
] as const)('a cancel %s ends it at once, refunded and with nothing left', async (_, source, at) => {
  const before = world.charged()
  const id = at === null ? await world.ask(await source()) : await canceled(await source(), at)
  if (at === null) {
    await world.cancel(id)
    await world.finish(id)
  }
  const { quotas, storage } = await world.usage()

  expect(await world.training(id)).toMatchObject({ status: 'canceled', error: { code: 'training.canceled' } })
  expect([quotas.trainings[id], storage.reserved, await world.objects()]).toEqual([undefined, {}, []])
  expect([world.charged() - before, await world.mails(), (await world.job(id)).state]).toEqual([0, [], 'done'])
})

test('a cancel during the creation is the next job’s: the run is there and costs money', async () => {
  const { trainings } = world.deps.replicate!.client
  const id = await world.ask(await world.upload(await photos(4)))
  const create: typeof trainings.create = async (training) => {
    await world.cancel(id)
    return await trainings.create(training)
  }
  const client = { ...world.deps.replicate!.client, trainings: { ...trainings, create } }
  const training = await world.finish(id, { replicate: { ...world.deps.replicate!, client } })
  const finish = (await world.jobsOf('training-finish')).filter(({ input }) => input.trainingId === id)

  expect(training).toMatchObject({ status: 'training', replicateTrainingId: expect.any(String) })
  expect(finish).toHaveLength(1)
  expect((await world.usage()).quotas.trainings[id]?.state).toBe('reserved')
})

test('a cancel while a lost creation is looked for ends it canceled once nothing is found', async () => {
  const fault = { kind: 'lost-answer', listed: 'never', isSilent: true } as const
  world.replicate.inject({ endpoint: 'train', times: 1, fault })
  const id = await world.ask(await world.upload(await photos(4)))
  await world.attempt(id)
  await world.cancel(id)
  const training = await world.finish(id)
  world.replicate.assertAllFired()

  expect(training.status).toBe('canceled')
  expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
})

test('a run whose training was removed meanwhile is ended', async () => {
  const { trainings } = world.deps.replicate!.client
  const id = await world.ask(await world.upload(await photos(4)))
  const create: typeof trainings.create = async (training) => {
    const made = await trainings.create(training)
    await world.db.doc(`trainings/${id}`).delete()
    return made
  }
  const client = { ...world.deps.replicate!.client, trainings: { ...trainings, create } }
  const outcome = await world.attempt(id, { replicate: { ...world.deps.replicate!, client } })

  expect(outcome).toEqual({ kind: 'canceled', code: 'training.gone' })
  expect((await world.jobsOf('run-cancel')).map(({ input }) => input)).toEqual([
    { runId: world.replicate.requests.findLast(({ charged }) => charged)?.runId, kind: 'training' },
  ])
  expect((await world.objects()).filter((name) => name.includes(id))).toEqual([])
})
