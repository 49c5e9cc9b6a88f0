import { recordRun } from '#shared/documents/replicate-runs.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import type { PhotoSource } from '#shared/trainings/training-jobs.ts'
import { until } from '../../../../support/until.ts'
import { photos } from './photo-archives.ts'
import { type StartWorld, searchMs, useStartWorld } from './start-world.ts'

let world: StartWorld
let chargedBefore: number
let source: PhotoSource

useStartWorld((started) => {
  world = started
})

beforeEach(async () => {
  source = await world.upload(await photos(4))
  chargedBefore = world.charged()
})

afterEach(() => world.replicate.assertAllFired())

const asked = () => world.replicate.requests.filter(({ endpoint }) => endpoint === 'train').length
const charged = () => world.charged() - chargedBefore

/** That a training ended without a model, a charge to its owner or a photo of theirs, and that its owner was told. */
async function expectRolledBack(id: string): Promise<void> {
  const { quotas, storage } = await world.usage()
  expect(quotas.trainings[id]).toBeUndefined()
  expect(storage.reserved).toEqual({})
  expect((await world.objects()).filter((name) => name.includes(id))).toEqual([])
  expect((await world.db.doc(`mail/training-${id}`).get()).exists).toBe(true)
  expect((await world.jobsOf('training-finish')).filter(({ input }) => input.trainingId === id)).toEqual([])
}

test('an account without credit ends it with a sentence', async () => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'status', status: 402 } })
  const training = await world.train(source)

  expect(training).toMatchObject({ status: 'failed', stage: 'training', error: { code: 'replicate.no-credit' } })
  expect(training.error?.message).toMatch(/no credit left at Replicate/)
  await expectRolledBack(training.id)
})

test('options that the trainer does not accept are named', async () => {
  const body = { invalid_fields: [{ type: 'number_lte', field: 'input.steps', description: 'Must be less' }] }
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'status', status: 422, body } })
  const training = await world.train(source)

  expect(training.error).toMatchObject({ code: 'replicate.refused' })
  expect(training.error?.message).toContain('input.steps')
  await expectRolledBack(training.id)
})

test('a rate limit is waited for, however often, and is no failure', async () => {
  world.replicate.inject({ endpoint: 'train', times: 6, fault: { kind: 'status', status: 429 } })
  const training = await world.train(source)

  expect([training.status, charged()]).toEqual(['training', 1])
})

test('a Replicate that cannot be reached is asked again: nothing was sent', async () => {
  const http = createHttpClient()
  const client = createReplicateClient({ http, baseUrl: 'http://127.0.0.1:9/v1', apiToken: () => 'r8_x' })
  const id = await world.ask(source)
  const replicate = {
    ...world.deps.replicate!,
    client: { ...world.deps.replicate!.client, trainings: client.trainings },
  }
  const outcome = await world.attempt(id, { replicate })
  const training = await world.finish(id)

  expect([outcome.kind, training.status, charged()]).toEqual(['try-again', 'training', 1])
  http.close()
})

test.each([
  ['a lost answer', { kind: 'lost-answer' }],
  ['a lost answer and a list that lags by a minute', { kind: 'lost-answer', listed: 60 }],
  ['an answer that was cut off', { kind: 'cut-body' }],
] as const)('%s is found in the list, and nothing is created again', async (_, fault) => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault })
  const before = asked()
  const training = await world.train(source)

  expect(training).toMatchObject({ status: 'training', replicateTrainingId: expect.any(String) })
  expect([asked() - before, charged()]).toEqual([1, 1])
})

test('a lost answer is found by what a webhook told', async () => {
  world.replicate.inject({
    endpoint: 'train',
    times: 1,
    fault: { kind: 'lost-answer', listed: 'never', isSilent: true },
  })
  const id = await world.ask(source)
  expect((await world.attempt(id)).kind).toBe('try-again')
  const run = { id: 'run-of-webhook', status: 'starting', output: null, error: null, predictSeconds: null } as const
  await runTransaction(world.db, async (transaction) => {
    const { writes } = await recordRun(transaction, world.db, {
      run,
      owner: { kind: 'training', jobId: id },
      now: new Date(),
    })
    writes(transaction)
  })
  const training = await world.finish(id)

  expect(training).toMatchObject({ status: 'training', replicateTrainingId: 'run-of-webhook' })
  expect(charged()).toBe(1)
})

test.each([
  ['an answer that stays lost', { kind: 'lost-answer', listed: 'never', isSilent: true }, 1],
  ['a connection that was reset', { kind: 'reset' }, 0],
  ['a fault of Replicate', { kind: 'status', status: 500 }, 0],
] as const)('%s ends it after ten minutes of looking, and nothing is created again', async (_, fault, charges) => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault })
  const before = asked()
  const startMs = world.clock.now()
  const training = await world.train(source)

  expect(training).toMatchObject({ status: 'failed', stage: 'training', error: { code: 'training.create-unknown' } })
  expect([asked() - before, charged()]).toEqual([1, charges])
  expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(searchMs)
  await expectRolledBack(training.id)
})

test('a shutdown in the middle of the call leaves it unknown, and the next instance finds the run', async () => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'late-answer', ms: 1_500 } })
  const before = asked()
  const id = await world.ask(source)
  const shutdown = new AbortController()
  const attempt = world.attempt(id, {}, shutdown.signal)
  await until(async () => charged() === 1)
  shutdown.abort()
  expect((await attempt).kind).toBe('try-again')
  const training = await world.finish(id)

  expect([training.status, asked() - before, charged()]).toEqual(['training', 1, 1])
  await until(async () => world.replicate.requests.some((request) => request.fault === 'late-answer'))
})

test('a destination that is there from an earlier try is taken', async () => {
  world.replicate.inject({ endpoint: 'create-model', times: 1, fault: { kind: 'lost-answer' } })
  const training = await world.train(source)

  expect([training.status, charged()]).toEqual(['training', 1])
})

test('a run that cannot be handed over is ended, and the training fails refunded', async () => {
  const { finishJobs } = world.deps
  const enqueue: typeof finishJobs.enqueue = async (names, input) => {
    if (names.kind === 'run-cancel') return await finishJobs.enqueue(names, input)
    throw new TransientError({ code: 'tasks.unavailable', message: 'The queue takes nothing.' })
  }
  const id = await world.ask(source)
  const training = await world.finish(id, { finishJobs: { ...finishJobs, enqueue } })

  expect(training).toMatchObject({ status: 'failed', stage: 'training', error: { code: 'tasks.unavailable' } })
  const runCancels = (await world.jobsOf('run-cancel')).map(({ input }) => input)
  expect(runCancels).toEqual([{ runId: training.replicateTrainingId, kind: 'training' }])
  expect(charged()).toBe(1)
  await expectRolledBack(id)
})

test('a queue that takes nothing does not end a run that is paid for: its job is in the books', async () => {
  const { finishJobs } = world.deps
  const enqueue: typeof finishJobs.enqueue = async (names, input) => {
    await finishJobs.enqueue(names, input)
    throw new TransientError({ code: 'tasks.unavailable', message: 'The queue takes nothing.' })
  }
  const id = await world.ask(source)
  const training = await world.finish(id, { finishJobs: { ...finishJobs, enqueue } })

  expect([training.status, charged()]).toEqual(['training', 1])
  expect((await world.job(id)).state).toBe('done')
  const finishing = (await world.jobsOf('training-finish')).filter(({ input }) => input.trainingId === id)
  expect(finishing).toMatchObject([{ state: 'queued', dueAt: expect.anything() }])
})
