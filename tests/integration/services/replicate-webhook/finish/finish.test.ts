import { createHash } from 'node:crypto'
import { loraWeights } from '#local/replicate/archives/lora-weights.ts'
import { runSchema } from '#shared/replicate/run.ts'
import { samplesId, weightsName } from '#shared/trainings/training-places.ts'
import { buckets, stagesOf, tell, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

const weightsOf = (id: string) => ({ bucket: buckets.models, name: weightsName({ userId: 'user-1', id }) })
describe('a run that succeeds', () => {
  test('becomes a registered model with verified weights, samples and one mail', async () => {
    const { id, runId } = await world.begin()
    const training = await world.finish(id)
    expect(training).toMatchObject({
      status: 'succeeded',
      stage: 'completion',
      progress: 1,
      error: null,
      modelId: id,
      generationId: samplesId(id),
    })

    const weights = (await world.store.stat(weightsOf(id)))!
    const bytes = (await world.store.read(weightsOf(id), { generation: weights.generation, maxBytes: 1e8 }))!
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(bytes.byteLength).toBe(loraWeights({ rank: 2, seed: 'any' }).byteLength)
    const model = (await world.model(id))!
    expect(model).toMatchObject({
      userId: 'user-1',
      name: 'Ana',
      type: 'woman',
      triggerWord: 'ohwx',
      replicate_model_id: training.destination,
      replicate_version_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      baseModel: 'Flux.1 D',
      gcsUri: `gs://${buckets.models}/trained/user-1/${id}/lora.safetensors`,
      sha256,
      sizeBytes: bytes.byteLength,
    })
    expect(weights.metadata).toEqual({
      sha256,
      trainingId: id,
      userId: 'user-1',
      replicateRunId: runId,
      replicateVersion: `${training.destination}:${model.replicate_version_id}`,
    })

    const samples = (await world.db.doc(`generations/${samplesId(id)}`).get()).data()
    expect(samples).toMatchObject({ modelId: id, trainingId: id, version: weights.metadata.replicateVersion })
    expect(samples?.prompts).toHaveLength(2)
    for (const prompt of samples?.prompts ?? []) expect(prompt).toMatch(/ohwx, a woman/)
    expect(await world.mails(id)).toMatchObject([
      { to: 'user-1@example.com', message: { subject: expect.stringContaining('ready') } },
    ])
    const usage = await world.usage()
    expect(usage.quotas.trainings[id]).toMatchObject({ state: 'committed' })
    expect(usage.storage.usedBytes).toBe(bytes.byteLength)
    // The photos' archive and the parts are gone.
    expect(await world.objects(id)).toEqual([`${buckets.models}/trained/user-1/${id}/lora.safetensors`])
    expect(stagesOf(world)).toEqual(['training done', 'completion done'])
  })

  test('is known by a recorded webhook, without Replicate being asked', async () => {
    const { id, runId } = await world.begin()
    const done = await world.standIn.finish(runId)
    const before = world.requests('get-training')
    await tell(world, done)
    expect((await world.finish(id)).status).toBe('succeeded')
    expect(world.requests('get-training')).toBe(before)
  })

  test('ends without its samples where those fail', async () => {
    world.samples.end = 'failed'
    const { id } = await world.begin()
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', error: null })
    expect(world.log.messages()).toContain('A training ends without all of its sample pictures.')
  })
})

describe('a run that makes nothing', () => {
  test('ends the training refunded and told once, in our words', async () => {
    const { id } = await world.begin({ fault: { kind: 'failed', error: 'CUDA: secret path /src' } })
    const training = await world.finish(id)
    const error = { code: 'training.failed-at-replicate' }
    expect(training).toMatchObject({ status: 'failed', stage: 'training', error })
    expect(training.error?.message).not.toContain('CUDA')
    expect(await world.mails(id)).toMatchObject([{ message: { text: expect.stringContaining('failed at Replicate') } }])
    const { quotas, failedRuns } = await world.usage()
    expect([quotas.trainings[id], failedRuns.trainings[id]?.amount]).toEqual([undefined, 1])
    expect(await world.objects(id)).toEqual([])
    expect(stagesOf(world)).toEqual(['training failed'])
    // It is billed all the same.
    expect(world.log.entries.find(({ event }) => event === 'training-stage')?.predictSeconds).toBeGreaterThan(0)
  })
})

describe('weights', () => {
  test.each(['truncated-weights', 'traversal'] as const)(
    'that are bad twice (%s) end the training, and nothing is kept',
    async (how) => {
      const fault = how === 'traversal' ? ({ kind: 'hostile-archive', how } as const) : { kind: how }
      const { id } = await world.begin({ fault })
      const error = { code: 'training.weights-damaged' }
      expect(await world.finish(id)).toMatchObject({ status: 'failed', stage: 'completion', error })
      expect(await world.objects(id)).toEqual([])
      expect(world.finalized.filter((name) => name.startsWith('trained/'))).toEqual([])
      expect(await world.mails(id)).toHaveLength(1)
    },
  )

  test('that arrive damaged once are fetched again', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    world.standIn.inject({ fault: { kind: 'noise' }, times: 1 })
    expect((await world.finish(id)).status).toBe('succeeded')
    expect(world.log.messages()).toContain('The weights arrived damaged.')
    expect(world.finalized.filter((name) => name.startsWith('trained/'))).toHaveLength(1)
  })

  test('may be the bare file in place of an archive', async () => {
    const { id, runId } = await world.begin({ fault: { kind: 'hostile-archive', how: 'not-a-tar' } })
    const done = await world.standIn.finish(runId)
    const { version, weights } = done.output as { version: string; weights: string }
    await tell(world, {
      ...done,
      output: { version, weights: weights.replace('trained_model.tar', 'lora.safetensors') },
    })
    expect((await world.finish(id)).status).toBe('succeeded')
    expect((await world.model(id))?.sizeBytes).toBe(loraWeights({ rank: 2, seed: 'any' }).byteLength)
  })
})

describe('a run that goes on', () => {
  test('shows how far it is, and writes that only when it has changed', async () => {
    const { id, runId } = await world.begin()
    const { replicate } = world.deps
    const get = async () =>
      runSchema.parse({ id: runId, status: 'processing', logs: 'flux_train_replicate: 45%|####  | 450/1000 [lr: 1' })
    world.deps.replicate = { ...replicate, trainings: { ...replicate.trainings, get } }
    await world.attempt(id)
    expect(await world.training(id)).toMatchObject({ status: 'training', progress: 0.45 })
    const { updatedAt } = await world.training(id)
    await world.attempt(id)
    expect((await world.training(id)).updatedAt).toEqual(updatedAt)
    world.deps.replicate = replicate
  })

  test('is due soon after the look that was put down for it, where its task is lost', async () => {
    const { id } = await world.begin()
    const before = world.deps.now().getTime()
    await world.attempt(id)
    const { dueAt } = await world.job(id)
    const untilMs = (dueAt?.toMillis() ?? 0) - before
    // A look a minute, two minutes for a task to come, and a reconciler each minute: within five.
    expect(untilMs).toBeGreaterThan(60_000)
    expect(untilMs).toBeLessThan(4 * 60_000)
  })
})
