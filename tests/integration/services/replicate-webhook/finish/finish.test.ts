import { createHash } from 'node:crypto'
import { loraWeights } from '#local/replicate/lora-weights.ts'
import { recordRun } from '#shared/documents/replicate-runs.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { runSchema } from '#shared/replicate/run.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { samplesId, weightsName } from '#shared/trainings/training-places.ts'
import type { Json } from '../../../../support/training-stand-in.ts'
import { buckets, stagesOf, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

const weightsOf = (id: string) => ({ bucket: buckets.models, name: weightsName({ userId: 'user-1', id }) })
/** Has a webhook say how a run is. */
async function tell(object: Json): Promise<void> {
  const run = readWebhookBody(Buffer.from(JSON.stringify(object)))
  await runTransaction(world.db, async (transaction) => {
    const { writes } = await recordRun(transaction, world.db, { run, owner: null, now: new Date() })
    writes(transaction)
  })
}

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
    await tell(done)
    expect((await world.finish(id)).status).toBe('succeeded')
    expect(world.requests('get-training')).toBe(before)
  })

  test('ends without its samples where those fail', async () => {
    world.samples.end = 'failed'
    const { id } = await world.begin()
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', error: null })
    expect(world.log.messages()).toContain('A training ends without all of its sample pictures.')
  })

  test('waits twenty minutes for samples, and no longer', async () => {
    world.samples.end = 'running'
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    for (let look = 0; look < 3; look++) {
      await world.attempt(id)
      await world.drain()
    }
    expect((await world.job(id)).lastFailure).toBeNull()
    expect((await world.training(id)).status).toBe('completing')
    world.advance(20 * 60_000)
    await world.attempt(id)
    expect((await world.training(id)).status).toBe('succeeded')
  })

  test('may have a status on its way that nobody knows', async () => {
    const { id } = await world.begin({ fault: { kind: 'unknown-status', status: 'reticulating' } })
    expect((await world.finish(id)).status).toBe('succeeded')
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
    expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
    expect(await world.objects(id)).toEqual([])
    expect(stagesOf(world)).toEqual(['training failed'])
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
    await tell({ ...done, output: { version, weights: weights.replace('trained_model.tar', 'lora.safetensors') } })
    expect((await world.finish(id)).status).toBe('succeeded')
    expect((await world.model(id))?.sizeBytes).toBe(loraWeights({ rank: 2, seed: 'any' }).byteLength)
  })

  test('that break off on the way are gone on with', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    world.standIn.inject({ fault: { kind: 'cut-body' }, times: 2, endpoint: 'output' })
    expect((await world.finish(id)).status).toBe('succeeded')
  })

  test('that are gone when they are fetched end the training', async () => {
    const { id, runId } = await world.begin()
    await tell(await world.standIn.finish(runId))
    world.standIn.clock.advance(3_700_000)
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      stage: 'completion',
      error: { code: 'training.output-gone' },
    })
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

  test('is looked at again, with nothing that counts as a failure, while Replicate cannot be reached', async () => {
    const { id } = await world.begin()
    world.standIn.inject({ fault: { kind: 'status', status: 500 }, times: 12, endpoint: 'get-training' })
    for (let look = 0; look < 12; look++) expect((await world.attempt(id)).kind).toBe('woken-later')
    expect(await world.job(id)).toMatchObject({ state: 'waiting', failures: 0 })
    expect((await world.finish(id)).status).toBe('succeeded')
  })

  test('that Replicate does not know for ten minutes is given up', async () => {
    const { id } = await world.begin()
    world.standIn.inject({ fault: { kind: 'status', status: 404 }, times: 3, endpoint: 'get-training' })
    await world.attempt(id)
    world.advance(5 * 60_000)
    await world.attempt(id)
    expect((await world.training(id)).status).toBe('training')
    world.advance(6 * 60_000)
    await world.attempt(id)
    expect(await world.training(id)).toMatchObject({ status: 'failed', error: { code: 'training.run-gone' } })
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
