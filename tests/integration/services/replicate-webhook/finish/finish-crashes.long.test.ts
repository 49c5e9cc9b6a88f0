import { Timestamp } from '@google-cloud/firestore'
import { countBucket } from '#shared/cache/count-bucket.ts'
import { readLedger } from '#shared/cache/ledger.ts'
import { generationRef, readGeneration } from '#shared/documents/generations.ts'
import { settleStorage } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { type TrainingFinishInput, trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { generationPrefix, samplesId } from '#shared/trainings/training-places.ts'
import { Gates } from '../../../../support/gates.ts'
import { until } from '../../../../support/until.ts'
import { buckets, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

/** The cache's ledger never says less than lies in the bucket; where it may say more, it knows, and is counted anew. */
afterEach(async () => {
  const cache = { db: world.db, store: world.store, bucket: buckets.models }
  const ledger = await readLedger(cache.db, cache.bucket)
  const drift = (await countBucket(cache, 'look'))?.driftBytes ?? Number.NaN
  expect(ledger?.reserved ?? {}).toEqual({})
  if (ledger?.isDoubtful) expect(drift).toBeGreaterThanOrEqual(0)
  else expect(drift).toBe(0)
  await countBucket(cache)
})

/** A run that stands at a gate when the work of a step is done, and when its result is stored, and before the end is written. */
function gated(run: JobRun<TrainingFinishInput>, gates: Gates): JobRun<TrainingFinishInput> {
  const step: typeof run.step = async (name, work, options) => {
    const worked = async () => {
      const result = await work()
      await gates.pass(`worked ${name}`)
      return result
    }
    const result = await run.step(name, worked, options)
    await gates.pass(`stored ${name}`)
    return result
  }
  const complete: typeof run.complete = async (...ending) => {
    await gates.pass('before the end')
    await run.complete(...ending)
    await gates.pass('behind the end')
  }
  return new Proxy(run, {
    get(target, name) {
      if (name === 'step') return step
      if (name === 'complete') return complete
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const expireLease = (trainingId: string) =>
  jobRef(world.db, jobId(trainingFinishNames.key({ trainingId }))).update({
    'lease.expiresAt': Timestamp.fromMillis(0),
  })

/** Brings a training as far as its samples: only a claim after those comes to its end. */
async function makeSamples(id: string): Promise<void> {
  await world.attempt(id)
  await world.drain()
}

const steps = ['began', 'run', 'weights', 'model', 'samples']
const places = [...steps.flatMap((name) => [`worked ${name}`, `stored ${name}`]), 'before the end', 'behind the end']

/** A training whose job stands still at the place; `before`: the bytes of its user until then. */
async function heldAt(place: string) {
  const { id, runId } = await world.begin()
  await world.standIn.finish(runId)
  const before = (await world.usage()).storage.usedBytes
  if (place.endsWith('the end')) await makeSamples(id)
  const gates = new Gates()
  const gate = gates.close((label) => label === place)
  const attempt = world.attempt(id, (run) => gated(run, gates))
  await Promise.race([gate.reached, attempt.then(() => Promise.reject(new Error(`Nobody came to "${place}".`)))])
  return { id, runId, before, gate, attempt }
}

/** What must be so once a training has ended well, whatever happened on the way. */
async function expectOneEnd(id: string, runId: string): Promise<void> {
  expect(await world.training(id)).toMatchObject({ status: 'succeeded', error: null, modelId: id })
  expect(world.finalized.filter((name) => name.startsWith('trained/'))).toHaveLength(1)
  expect(await world.mails(id)).toHaveLength(1)
  expect((await world.usage()).quotas.trainings[id]).toMatchObject({ state: 'committed' })
  expect(await world.objects(id)).toEqual([`${buckets.models}/trained/user-1/${id}/lora.safetensors`])
  expect(await world.cancelJob(runId)).toBeNull()
  const weights = await world.store.stat({ bucket: buckets.models, name: `trained/user-1/${id}/lora.safetensors` })
  expect(weights?.metadata.sha256).toBe((await world.model(id))?.sha256)
}

test.each(places)(
  'an instance that stands still at "%s" is taken over from: one copy, one mail, one bill',
  async (place) => {
    const { id, runId, before, gate, attempt } = await heldAt(place)
    if (place !== 'behind the end') await expireLease(id)
    await world.finish(id)
    gate.open()
    await attempt
    await world.drain()
    await expectOneEnd(id, runId)
    const { sizeBytes } = (await world.model(id)) as { sizeBytes: number }
    expect((await world.usage()).storage.usedBytes - before).toBe(sizeBytes)
  },
)

describe('a cancel', () => {
  test('before the first look ends the run at Replicate, and counts', async () => {
    const { id, runId } = await world.begin({ fault: { kind: 'never-ends' } })
    await world.cancel(id)
    await world.attempt(id)
    expect(await world.training(id)).toMatchObject({ status: 'canceled', error: { code: 'training.canceled' } })
    expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'canceled' })
    expect(await world.mails(id)).toEqual([])
    expect(world.log.entries.find(({ event }) => event === 'training-stage')?.predictSeconds).toBeGreaterThan(0)
    // A run was created, and is billed.
    expect((await world.usage()).quotas.trainings[id]).toMatchObject({ state: 'committed' })
    expect(await world.objects(id)).toEqual([])
    expect(await world.cancelJob(runId)).toBeNull()
  })

  test('while Replicate cannot be told ends the training all the same, and the run later', async () => {
    const { id, runId } = await world.begin({ fault: { kind: 'never-ends' } })
    world.standIn.inject({ fault: { kind: 'status', status: 503 }, times: 2, endpoint: 'cancel-training' })
    await world.cancel(id)
    await world.attempt(id)
    expect((await world.training(id)).status).toBe('canceled')
    expect(await world.cancelJob(runId)).not.toBeNull()
    await world.drain()
    expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'starting' })
    // Its task is lost too.
    world.advance(16 * 60_000)
    expect(await world.reconcile()).toMatchObject({ wokenJobs: 1 })
    await world.drain()
    expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'canceled' })
    expect(await world.cancelJob(runId)).toMatchObject({ state: 'done', result: { status: 'canceled' } })
  })

  test('in the middle of a copy that hangs ends it within moments', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    world.standIn.inject({ fault: { kind: 'hang' }, times: 1, endpoint: 'output' })
    const seen = world.requests('output')
    const attempt = world.attempt(id)
    await until(async () => world.requests('output') > seen)
    await world.cancel(id)
    const askedAt = Date.now()
    await attempt
    // It looks every two seconds.
    expect(Date.now() - askedAt).toBeLessThan(10_000)
    expect((await world.training(id)).status).toBe('canceled')
    expect(await world.objects(id)).toEqual([])
  })

  test('after the samples were made takes them back too, from the bucket and from what is counted', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    const before = (await world.usage()).storage.usedBytes
    await makeSamples(id)
    const name = `${generationPrefix({ userId: 'user-1', id: samplesId(id) })}0.png`
    const bytes = Buffer.from('a picture')
    await world.store.write({ bucket: buckets.app, name, bytes, contentType: 'image/png', ifGeneration: '0' })
    await generationRef(world.db, samplesId(id)).update({ images: [{ index: 0, sizeBytes: bytes.byteLength }] })
    await runTransaction(world.db, async (transaction) =>
      settleStorage(world.db, { userId: 'user-1', released: [], addedBytes: bytes.byteLength })(transaction),
    )
    await world.cancel(id)
    await world.attempt(id)

    expect((await world.training(id)).status).toBe('canceled')
    expect(await readGeneration(null, world.db, samplesId(id))).toMatchObject({ status: 'canceled', images: [] })
    expect(await world.objects(id)).toEqual([])
    expect((await world.usage()).storage.usedBytes).toBe(before)
  })

  test.each(places.slice(0, -1))('at "%s" leaves nothing of the training but that it was', async (place) => {
    const { id, before, gate, attempt } = await heldAt(place)
    await world.cancel(id)
    gate.open()
    await attempt
    await world.attempt(id)
    await world.drain()
    expect((await world.training(id)).status).toBe('canceled')
    expect(await world.model(id)).toBeUndefined()
    expect(await world.objects(id)).toEqual([])
    expect(await world.mails(id)).toEqual([])
    const usage = await world.usage()
    expect([usage.quotas.trainings[id]?.state, usage.storage.usedBytes]).toEqual(['committed', before])
  })
})

test('a failure for good on our side ends the run at Replicate, refunds, and says so once', async () => {
  const { id, runId } = await world.begin({ fault: { kind: 'never-ends' } })
  const crash = () => {
    throw new Error('A fault of ours.')
  }
  for (let attempt = 0; attempt < 6; attempt++) await world.attempt(id, crash)
  await world.drain()
  expect(await world.training(id)).toMatchObject({ status: 'failed', stage: 'training', error: { code: 'internal' } })
  expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'canceled' })
  expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
  expect(await world.mails(id)).toHaveLength(1)
  expect(await world.objects(id)).toEqual([])
})

test('a training that was removed is not worked on, and its run ends', async () => {
  const { id, runId } = await world.begin({ fault: { kind: 'never-ends' } })
  await world.db.doc(`trainings/${id}`).delete()
  expect(await world.attempt(id)).toEqual({ kind: 'canceled', code: 'training.gone' })
  await world.drain()
  expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'canceled' })
  expect(await world.objects(id)).toEqual([])
})
