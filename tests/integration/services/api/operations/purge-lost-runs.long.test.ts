import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import { createGeneration } from '#shared/documents/generations.ts'
import { readReplicateRun, recordRun } from '#shared/documents/replicate-runs.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import type { Prediction } from '#shared/replicate/prediction.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { type RunOwner, webhookUrl } from '#shared/replicate/webhook-url.ts'
import { generationNames, lostRunNames, runCancelNames, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { type PurgeDeps, planTrainingPurge, purgeTraining } from '../../../../../services/api/operations/operations.ts'
import { cancelLostRun } from '../../../../../services/replicate-webhook/cancel/cancel-lost-run.ts'
import { cancelRun } from '../../../../../services/replicate-webhook/cancel/cancel-run.ts'
import { lostRunJob, runCancelJob } from '../../../../../services/replicate-webhook/cancel/unattended-jobs.ts'
import { recordDelivery } from '../../../../../services/replicate-webhook/deliveries/record-delivery.ts'
import { testRunner } from '../../../../support/job-runner.ts'
import { newGeneration } from '../../../../support/trainings.ts'
import { photos } from '../training/photo-archives.ts'
import { type StartWorld, searchMs, userId, useStartWorld, workBucket } from '../training/start-world.ts'

let world: StartWorld
let deps: PurgeDeps
/** As replicate-webhook has it. */
let runner: JobRunner
let close: () => void

// It waits for its turn longer than it is looked for; then it would find its photos gone.
const trainingTimes = { queueMs: 3 * searchMs, runMs: 1000 }

useStartWorld(
  (started) => {
    world = started
  },
  { trainingTimes },
)

beforeAll(async () => {
  const { db, store } = world
  const { finishJobs, now } = world.deps
  const [bucket, modelsBucket] = ['app-bucket', 'models-bucket']
  await world.createBucket(bucket)
  await world.createBucket(modelsBucket)
  deps = { db, store, finishJobs, bucket, workBucket, modelsBucket, mailCollection: 'mail' }
  const http = createHttpClient()
  close = () => http.close()
  const baseUrl = `${world.replicate.url}/v1`
  const client = createReplicateClient({ http, baseUrl, apiToken: () => LOCAL_REPLICATE_TOKEN })
  const parts = { db, jobs: finishJobs, replicate: client, pollMs: 60_000, createSearchMs: searchMs, now }
  const lostRun = lostRunJob({ work: (run) => cancelLostRun(parts, run) })
  const runCancel = runCancelJob({ work: (run) => cancelRun(client, run) })
  runner = testRunner(db, lostRun, { definitions: [lostRun, runCancel] })
})

beforeEach(async () => {
  for (const { ref } of (await world.db.collection('jobs').get()).docs) await ref.delete()
})

afterEach(() => world.replicate.assertAllFired())
afterAll(() => close())

type Lost = { listed: number | 'never'; isSilent?: boolean }

/** A training whose creation was never answered, purged; what is left of it is told. */
async function purgedWhileLost(fault: Lost): Promise<RunOwner & { runId: string }> {
  const before = runs().length
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'lost-answer', ...fault } })
  const id = await world.ask(await world.upload(await photos(4)))
  expect((await world.attempt(id)).kind).toBe('try-again')
  await purge(id)
  const owner = { kind: 'training', jobId: id } as const
  const lost = await jobsOf('lost-run')
  expect(lost.map(({ input }) => input)).toEqual([{ ...owner, sinceMs: expect.any(Number) }])
  expect(await jobsOf('run-cancel')).toEqual([])
  // Nothing else names the training, and that names nobody.
  expect((await world.db.collection('jobs').get()).size).toBe(1)
  expect(JSON.stringify(lost)).not.toContain(userId)
  expect((await world.objects()).filter((name) => name.includes(id))).toEqual([])
  const created = runs()[before]
  return { ...owner, runId: created! }
}

/** Twice: whoever purges may die on the way. */
async function purge(trainingId: string): Promise<void> {
  for (let times = 0; times < 2; times++) await purgeTraining(deps, await planTrainingPurge(deps, trainingId))
}

/** All that were created, the oldest first: the list need not show them. */
const runs = () => world.replicate.requests.flatMap(({ endpoint, runId }) => (endpoint === 'train' && runId) || [])

const jobsOf = (kind: string) => world.jobsOf(kind)

async function search(owner: RunOwner): Promise<Outcome> {
  return await runner.resume(jobId(lostRunNames.key(owner)))
}

async function cancelAll(): Promise<void> {
  for (const { key } of await jobsOf('run-cancel')) await runner.resume(jobId(key))
}

const cancels = (id: string) =>
  world.replicate.requests.filter(({ endpoint, runId }) => endpoint === 'cancel-training' && runId === id).length

async function statusOf(runId: string): Promise<Prediction['status']> {
  return (await world.deps.replicate!.client.trainings.get(runId)).status
}

/** A webhook of a run, as signed. */
async function tell(owner: RunOwner, runId: string, status: string) {
  const body = { id: runId, status, output: null, webhook: webhookUrl('https://hooks.example.com', owner) }
  const update = readWebhookBody(Buffer.from(JSON.stringify(body)))
  const { db } = world
  const jobs = { ...deps.finishJobs }
  const parts = { db, jobs, noteProgress: async () => {}, logger: world.log.logger, now: world.deps.now }
  return await recordDelivery(parts, { update, addressed: owner })
}

test('a run that turns up in the list after its training was purged is canceled, once', async () => {
  const { runId, ...owner } = await purgedWhileLost({ listed: 60, isSilent: true })
  expect((await search(owner)).kind).toBe('try-again')
  expect(await jobsOf('run-cancel')).toEqual([])
  world.clock.advance(61_000)
  expect((await search(owner)).kind).toBe('done')
  expect((await search(owner)).kind).toBe('already-done')
  await cancelAll()
  // Its webhooks come after all, and find that it is being ended.
  expect(await tell(owner, runId, 'processing')).toMatchObject({ followUp: 'run to be canceled' })
  await cancelAll()

  expect([await statusOf(runId), cancels(runId)]).toEqual(['canceled', 1])
  expect(await tell(owner, runId, 'canceled')).toMatchObject({ followUp: 'owner is over' })
  expect(await readReplicateRun(null, world.db, runId)).toBeNull()
})

test('one that is never listed is looked for ten minutes; a webhook of it has it ended, then or a week later', async () => {
  const { runId, ...owner } = await purgedWhileLost({ listed: 'never', isSilent: true })
  expect((await search(owner)).kind).toBe('try-again')
  world.clock.advance(searchMs)
  expect((await search(owner)).kind).toBe('done')
  expect(await jobsOf('run-cancel')).toEqual([])
  expect(await jobsOf('lost-run')).toMatchObject([{ state: 'done', result: { runId: null } }])

  for (const status of ['starting', 'processing', 'processing']) {
    expect(await tell(owner, runId, status)).toMatchObject({ followUp: 'run to be canceled' })
    await cancelAll()
  }
  expect([await statusOf(runId), cancels(runId)]).toEqual(['canceled', 1])
  expect(await readReplicateRun(null, world.db, runId)).toBeNull()
})

test('a webhook that is quicker than the list has it ended, and the search finds it done', async () => {
  const { runId, ...owner } = await purgedWhileLost({ listed: 60, isSilent: true })
  expect(await tell(owner, runId, 'starting')).toMatchObject({ followUp: 'run to be canceled' })
  await cancelAll()
  world.clock.advance(61_000)
  expect((await search(owner)).kind).toBe('done')
  await cancelAll()
  expect([await statusOf(runId), cancels(runId)]).toEqual(['canceled', 1])
})

test('what a webhook told before the purge is enough: nothing has to be looked for', async () => {
  world.replicate.inject({ endpoint: 'train', times: 1, fault: { kind: 'lost-answer', listed: 'never' } })
  const id = await world.ask(await world.upload(await photos(4)))
  await world.attempt(id)
  const owner = { kind: 'training', jobId: id } as const
  const run = { id: 'told-run', status: 'starting', output: null, error: null, predictSeconds: null } as const
  await runTransaction(world.db, async (transaction) => {
    const told = await recordRun(transaction, world.db, { run, owner, now: new Date() })
    told.writes(transaction)
  })
  await purge(id)

  expect(await jobsOf('lost-run')).toEqual([])
  expect((await jobsOf('run-cancel')).map(({ input }) => input)).toEqual([{ runId: 'told-run', kind: 'training' }])
  expect(await readReplicateRun(null, world.db, 'told-run')).toBeNull()
})

test('a start that died in the middle of the call counts as lost, one that died before it does not', async () => {
  const [before, during] = [
    await world.ask(await world.upload(await photos(4))),
    await world.ask(await world.upload(await photos(4))),
  ]
  const openCall = { step: 'create', provider: 'replicate', startedAt: (await world.job(during)).createdAt }
  await jobRef(world.db, jobId(trainingStartNames.key({ trainingId: during }))).update({ openCall })
  await purge(before)
  await purge(during)

  expect((await jobsOf('lost-run')).map(({ input }) => input.jobId)).toEqual([during])
  expect(await jobsOf('run-cancel')).toEqual([])
})

test('a purge that died before it told of a lost run tells when it is repeated, and needs no input that it can read', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const openCall = { step: 'create', provider: 'replicate', startedAt: (await world.job(id)).createdAt }
  const input = { ofAnotherVersion: true }
  await jobRef(world.db, jobId(trainingStartNames.key({ trainingId: id }))).update({ openCall, input })
  const dead = async () => Promise.reject(new Error('The process is gone.'))
  const dying = { ...deps, finishJobs: { ...deps.finishJobs, enqueue: dead } }
  await expect(purgeTraining(dying, { trainingId: id })).rejects.toThrow('gone')
  expect(await jobsOf('lost-run')).toEqual([])
  await purge(id)

  expect((await jobsOf('lost-run')).map(({ input }) => input.jobId)).toEqual([id])
  expect((await world.db.collection('trainings').doc(id).get()).exists).toBe(false)
})

test('of pictures that are being made, the known runs are ended and the lost ones looked for', async () => {
  const { id: modelId } = await world.train(await world.upload(await photos(4)))
  const generationId = `${modelId}-pictures`
  const at = (await world.job(modelId)).createdAt
  const input = { generationId, userId }
  const job = newJob(world.db, { names: generationNames, input, deadlineMs: 3_600_000, now: at, dueAt: at })
  const generation = newGeneration(generationId, { userId, modelId, status: 'running', prompts: ['a', 'b', 'c'] })
  await runTransaction(world.db, async (transaction) => {
    job.writes(transaction)
    createGeneration(world.db, generation)(transaction)
  })
  const step = (result: unknown) => ({ result, startedAt: at, finishedAt: at })
  await jobRef(world.db, job.id).update({
    state: 'waiting',
    lostCalls: { 'create-0': { replicate: 1 } },
    steps: {
      'create-1': step({ runId: 'going-on', atMs: 0 }),
      'create-2': step({ runId: 'over', atMs: 0 }),
      'picture-2': step({ kind: 'failed', code: 'generation.failed', message: 'No.' }),
    },
  })
  await purge(modelId)

  const lost = { kind: 'prediction', jobId: `${generationId}.0`, sinceMs: at.toMillis() }
  expect((await jobsOf('lost-run')).map(({ input }) => input)).toEqual([lost])
  const ended = (await jobsOf('run-cancel')).map(({ input }) => input)
  expect(ended).toContainEqual({ runId: 'going-on', kind: 'prediction' })
  expect(ended.map(({ runId }) => runId)).not.toContain('over')
  expect(await tell({ kind: 'prediction', jobId: `${generationId}.0` }, 'lost-one', 'processing')).toMatchObject({
    followUp: 'run to be canceled',
  })
  const key = runCancelNames.key({ runId: 'lost-one', kind: 'prediction' })
  expect((await jobRef(world.db, jobId(key)).get()).get('input')).toEqual({ runId: 'lost-one', kind: 'prediction' })
})
