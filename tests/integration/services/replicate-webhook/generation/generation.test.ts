import { Timestamp } from '@google-cloud/firestore'
import { generationRef } from '#shared/documents/generations.ts'
import { usedOf } from '#shared/documents/quotas.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { bucket, type GenerationWorld, startGenerationWorld } from './generation-world.ts'

let world: GenerationWorld
beforeAll(async () => {
  world = await startGenerationWorld()
})
afterAll(() => world.close())
afterEach(() => {
  world.hearing.isDeaf = false
  world.crash.with = null
  world.replicate.assertAllFired()
})

const usedNow = async () => usedOf(await world.usage(), 'generations', new Date(world.replicate.clock.now()))
const asked = (endpoint: string) => world.replicate.requests.filter((request) => request.endpoint === endpoint).length

test('a prediction a prompt is created before any is waited for, and each picture is copied and counted', async () => {
  const usedBefore = await usedNow()
  const bytesBefore = (await world.usage()).storage.usedBytes
  const generation = await world.order()
  expect((await world.look(generation)).kind).toBe('woken-later')
  expect(world.created(generation)).toHaveLength(2)
  expect(await world.read(generation)).toMatchObject({ status: 'running', images: [] })
  expect(await world.finish(generation)).toEqual({ kind: 'done' })

  const ended = await world.read(generation)
  expect(ended).toMatchObject({ status: 'succeeded', error: null, finishedAt: expect.anything() })
  expect(ended?.images.map(({ index, prompt, contentType }) => ({ index, prompt, contentType }))).toEqual(
    generation.prompts.map((prompt, index) => ({ index, prompt, contentType: 'image/png' })),
  )
  for (const { url, sizeBytes, name } of ended?.images ?? []) {
    const picture = await fetch(url)
    expect(picture.headers.get('content-type')).toBe('image/png')
    expect((await picture.arrayBuffer()).byteLength).toBe(sizeBytes)
    expect((await world.store.stat({ bucket, name }))?.metadata.forgeSource).toBe(`generation:${generation.id}`)
  }
  expect((await usedNow()) - usedBefore).toBe(2)
  const sizes = (ended?.images ?? []).map(({ sizeBytes }) => sizeBytes)
  expect((await world.usage()).storage.usedBytes - bytesBefore).toBe(sizes.reduce((sum, size) => sum + size, 0))
  expect((await world.usage()).quotas.generations[generation.id]).toMatchObject({ state: 'committed', amount: 2 })
  expect(await world.look(generation)).toEqual({ kind: 'already-done' })
})

test('what a webhook told is not asked for again, and what none told is', async () => {
  const askedIn = async (look: Promise<unknown>) => {
    const before = asked('get')
    await look
    return asked('get') - before
  }
  for (const isDeaf of [false, true]) {
    world.hearing.isDeaf = isDeaf
    const generation = await world.order()
    expect(await askedIn(world.look(generation))).toBe(0)
    await world.pass(60_000)
    expect(await askedIn(world.look(generation))).toBe(isDeaf ? 2 : 0)
    expect((await world.read(generation))?.status).toBe('succeeded')
  }
})

test('a picture is shown while another is still being made', async () => {
  const generation = await world.order()
  world.replicate.inject({ fault: { kind: 'never-ends' }, times: 1 })
  await world.look(generation)
  await world.pass(5000)
  expect((await world.look(generation)).kind).toBe('woken-later')
  expect((await world.read(generation))?.images.map(({ index }) => index)).toEqual([1])
  expect(await world.finish(generation)).toEqual({ kind: 'done' })
})

test('who was told to come later does so, however often webhooks of other pictures wake the job', async () => {
  const generation = await world.order({ prompts: ['early bird', 'worm'] })
  const status = { kind: 'status', status: 429, body: { retry_after: 30 } } as const
  world.replicate.inject({ fault: { kind: 'delay', ms: 0 }, times: 1, endpoint: 'create' })
  world.replicate.inject({ fault: status, times: 1, endpoint: 'create' })
  const asksBefore = asked('create')
  await world.look(generation)
  await world.pass(5000)
  for (let wakes = 0; wakes < 10; wakes++) expect((await world.look(generation)).kind).toBe('woken-later')
  expect(asked('create') - asksBefore).toBe(2)
  expect((await world.read(generation))?.images.map(({ index }) => index)).toEqual([0])
  await world.pass(26_000)
  expect((await world.look(generation)).kind).toBe('woken-later')
  expect(asked('create') - asksBefore).toBe(3)
  expect(await world.finish(generation)).toEqual({ kind: 'done' })
  expect((await world.read(generation))?.error).toBeNull()
})

test('without a single picture it fails with the first reason, and nothing is counted', async () => {
  const usedBefore = await usedNow()
  const generation = await world.order()
  world.replicate.inject({ fault: { kind: 'failed', error: 'NSFW content detected.' }, times: 2 })
  expect(await world.finish(generation)).toEqual({ kind: 'done' })
  expect(await world.read(generation)).toMatchObject({
    status: 'failed',
    images: [],
    error: { code: 'generation.nsfw' },
  })
  expect(await usedNow()).toBe(usedBefore)
  // It is billed all the same.
  const line = world.log.entries.findLast(({ event }) => event === 'generation')
  expect(line?.predictSeconds).toBeGreaterThan(0)
})

test('a bucket that is down for a while costs no picture', async () => {
  const generation = await world.order()
  let refusals = 0
  world.crash.with = async (moment) => {
    if (moment !== 'before write' || refusals >= 3) return
    refusals += 1
    throw new TransientError({ code: 'objects.unavailable', message: 'Down.' })
  }
  expect(await world.finish(generation)).toEqual({ kind: 'done' })
  expect(refusals).toBe(3)
  expect((await world.read(generation))?.images).toHaveLength(2)
})

test('a prediction that cannot be asked about is asked about again, until nothing can be had of it', async () => {
  world.hearing.isDeaf = true
  const generation = await world.order({ prompts: ['one of its own'] })
  await world.look(generation)
  for (let refusals = 1; refusals <= 3; refusals++) {
    await world.pass(60_000)
    world.replicate.inject({ fault: { kind: 'status', status: 401 }, times: 1, endpoint: 'get' })
    expect((await world.look(generation)).kind).toBe('woken-later')
  }
  await world.pass(60_000)
  expect(await world.look(generation)).toEqual({ kind: 'done' })
  expect((await world.read(generation))?.status).toBe('succeeded')

  const unknown = await world.order({ prompts: ['another of its own'] })
  await world.look(unknown)
  await world.pass(60_000)
  world.replicate.inject({ fault: { kind: 'status', status: 404 }, times: 2, endpoint: 'get' })
  expect((await world.look(unknown)).kind).toBe('woken-later')
  world.replicate.clock.advance(4_000_000)
  expect(await world.look(unknown)).toEqual({ kind: 'done' })
  expect(await world.read(unknown)).toMatchObject({ status: 'failed', error: { code: 'replicate.not-found' } })
})

test('pictures of samples that were canceled with their training are removed', async () => {
  const generation = await world.order()
  world.replicate.inject({ fault: { kind: 'never-ends' }, times: 1 })
  await world.look(generation)
  await world.pass(5000)
  await world.look(generation)
  await generationRef(world.db, generation.id).update({ status: 'canceled', images: [] })
  expect(await world.look(generation)).toEqual({ kind: 'canceled', code: 'generation.over' })
  expect(await world.objects(generation)).toEqual([])
  expect(await world.read(generation)).toMatchObject({ status: 'canceled', images: [] })
})

test('a generation that is deleted meanwhile is canceled: its predictions are stopped, its pictures removed', async () => {
  const generation = await world.order()
  world.replicate.inject({ fault: { kind: 'never-ends' }, times: 1 })
  await world.look(generation)
  await world.pass(5000)
  await world.look(generation)
  expect(await world.objects(generation)).toHaveLength(1)
  await generationRef(world.db, generation.id).delete()
  expect(await world.look(generation)).toEqual({ kind: 'canceled', code: 'generation.deleted' })
  expect(await world.objects(generation)).toEqual([])
  const [running] = world.created(generation)
  expect(await world.replicate.read(`/predictions/${running?.runId}`)).toMatchObject({ status: 'aborted' })
  expect(await world.read(generation)).toBeNull()
})

test('a generation that is deleted before it began costs nothing', async () => {
  const generation = await world.order()
  await generationRef(world.db, generation.id).delete()
  expect(await world.look(generation)).toEqual({ kind: 'canceled', code: 'generation.deleted' })
  expect(world.created(generation)).toEqual([])
})

test('a job that fails for good ends the generation; what was made stays and is all that is counted', async () => {
  const usedBefore = await usedNow()
  const generation = await world.order()
  world.replicate.inject({ fault: { kind: 'never-ends' }, times: 1 })
  await world.look(generation)
  await world.pass(5000)
  await world.look(generation)
  world.crash.with = async (moment) => {
    if (moment === 'before get') throw new Error('A bug.')
  }
  expect(await world.finish(generation)).toEqual({ kind: 'failed', code: 'internal' })
  const ended = await world.read(generation)
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'internal' }, finishedAt: expect.anything() })
  expect(ended?.images.map(({ index }) => index)).toEqual([1])
  expect((await usedNow()) - usedBefore).toBe(1)
})

test('the samples of a training count against no quota, and wake it at their end, however that is', async () => {
  const usedBefore = await usedNow()
  for (const [trainingId, fault] of [
    ['training-1', null],
    ['training-2', { kind: 'failed', error: 'Out of memory.' } as const],
  ] as const) {
    const job = newJob(world.db, {
      names: trainingFinishNames,
      input: { trainingId },
      deadlineMs: 86_400_000,
      now: Timestamp.now(),
      dueAt: Timestamp.now(),
    })
    await world.db.runTransaction(async (transaction) => job.writes(transaction))
    const generation = await world.order({ id: `${trainingId}-samples`, trainingId })
    if (fault) world.replicate.inject({ fault, times: 2 })
    world.woken.length = 0
    expect(await world.finish(generation)).toEqual({ kind: 'done' })
    expect(world.woken.at(-1)?.jobId).toBe(jobId(`training:${trainingId}:finish`))
    expect((await world.read(generation))?.status).toBe(fault ? 'failed' : 'succeeded')
  }
  expect(await usedNow()).toBe(usedBefore)
})

test('a prediction whose data is removed already is too late', async () => {
  const generation = await world.order()
  world.hearing.isDeaf = true
  world.replicate.inject({ fault: { kind: 'data-removed' }, times: 2 })
  expect(await world.finish(generation)).toEqual({ kind: 'done' })
  world.hearing.isDeaf = false
  expect(await world.read(generation)).toMatchObject({ status: 'failed', error: { code: 'generation.output-gone' } })
})
