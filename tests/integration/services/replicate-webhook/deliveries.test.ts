import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { createGeneration, updateGeneration } from '#shared/documents/generations.ts'
import { findReplicateRun, readReplicateRun } from '#shared/documents/replicate-runs.ts'
import { createTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction, type Writes } from '#shared/documents/transaction.ts'
import { predictionOwner } from '#shared/generations/prediction-owner.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { type RunOwner, webhookUrl } from '#shared/replicate/webhook-url.ts'
import { generationNames, lostRunNames, trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { type Delivery, recordDelivery } from '../../../../services/replicate-webhook/deliveries/record-delivery.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { startTestDocuments, type TestDocuments } from '../../../support/documents.ts'
import { newGeneration, newTraining } from '../../../support/trainings.ts'

let documents: TestDocuments
let db: Firestore
beforeAll(async () => {
  documents = await startTestDocuments()
  db = documents.db
})
afterAll(() => documents.close())

const now = new Date('2026-05-01T12:00:00Z')
const at = Timestamp.fromDate(now)
const log = captureLog()
let wakes: string[]
let asked: unknown[]
beforeEach(() => {
  wakes = []
  asked = []
  log.entries.length = 0
})

const deps = () => ({
  db,
  noteProgress: async () => {},
  logger: log.logger,
  now: () => now,
  jobs: {
    wake: async ({ id }: { id: string }) => void wakes.push(id),
    enqueue: async (names: { kind: string }, input: unknown) => void asked.push([names.kind, input]),
  },
})
const write = (writes: Writes) => runTransaction(db, async (transaction) => writes(transaction))
const finishId = (trainingId: string) => jobId(trainingFinishNames.key({ trainingId }))

let serial = 0
/** A training that waits for `run-{id}`, with the job that does. */
async function waitingTraining(change: { runId?: string | null; hasJob?: boolean } = {}) {
  const id = `training-${++serial}`
  const runId = change.runId === undefined ? `run-${id}` : change.runId
  await write(createTraining(db, newTraining(id, { status: 'training', replicateTrainingId: runId })))
  if (change.hasJob !== false) {
    const input = { trainingId: id }
    const job = newJob(db, { names: trainingFinishNames, input, deadlineMs: 1e8, now: at, dueAt: at })
    await write(job.writes)
  }
  return { id, runId: `run-${id}`, owner: { kind: 'training', jobId: id } as const }
}

/** What a webhook says; its body repeats the URL that names `owner`. */
function delivery(
  told: { runId: string; status: string; output?: unknown; owner: RunOwner | null },
  addressed: RunOwner | null = told.owner,
): Delivery {
  const webhook = told.owner === null ? {} : { webhook: webhookUrl('https://hooks.example.com', told.owner) }
  const body = { id: told.runId, status: told.status, output: told.output ?? null, ...webhook }
  return { update: readWebhookBody(Buffer.from(JSON.stringify(body))), addressed }
}
const take = (...of: Parameters<typeof delivery>) => recordDelivery(deps(), delivery(...of))

test('news of a run wake the job that waits for it, and are kept', async () => {
  const { runId, owner, id } = await waitingTraining()
  const output = { version: 'a/b:c', weights: 'https://replicate.delivery/x.tar' }
  expect(await take({ runId, status: 'succeeded', output, owner })).toEqual({ news: true, followUp: 'owner woken' })
  expect(wakes).toEqual([finishId(id)])
  expect(await readReplicateRun(null, db, runId)).toMatchObject({
    owner,
    status: 'succeeded',
    outputJson: JSON.stringify(output),
  })
})

test('what was told already wakes nobody, but an end does: whoever took it may have died', async () => {
  const { runId, owner } = await waitingTraining()
  await take({ runId, status: 'processing', owner })
  expect(await take({ runId, status: 'processing', owner })).toEqual({ news: false, followUp: 'nothing new' })
  expect(wakes).toHaveLength(1)
  await take({ runId, status: 'failed', owner })
  expect(await take({ runId, status: 'failed', owner })).toEqual({ news: false, followUp: 'owner woken' })
  expect(wakes).toHaveLength(3)
})

test.each(['succeeded', 'failed', 'canceled', 'aborted'])(
  '%s stays what a run is, whatever comes later',
  async (end) => {
    const { runId, owner } = await waitingTraining()
    await take({ runId, status: end, output: { version: 'x' }, owner })
    for (const status of ['processing', 'starting', 'succeeded', 'failed', 'canceled', 'aborted', 'paused']) {
      expect((await take({ runId, status, owner })).news).toBe(false)
    }
    expect(await readReplicateRun(null, db, runId)).toMatchObject({ status: end, outputJson: '{"version":"x"}' })
  },
)

test('a status that nobody knows is kept, and is no end', async () => {
  const { runId, owner } = await waitingTraining()
  expect(await take({ runId, status: 'reticulating', owner })).toEqual({ news: true, followUp: 'owner woken' })
  expect((await take({ runId, status: 'succeeded', owner })).news).toBe(true)
})

test('one that is earlier than our own write of the run is found by whoever looks for it', async () => {
  const { runId, owner } = await waitingTraining({ runId: null, hasJob: false })
  expect(await take({ runId, status: 'processing', owner })).toEqual({ news: true, followUp: 'early' })
  expect(await findReplicateRun(db, owner)).toMatchObject({ id: runId })
  expect(wakes).toEqual([])
})

test('one of nobody that we know is recorded and changes nothing', async () => {
  for (const owner of [
    { kind: 'training', jobId: 'unknown' },
    { kind: 'prediction', jobId: 'unknown.0' },
    { kind: 'prediction', jobId: 'no-index' },
    { kind: 'training', jobId: 'a/b' },
    { kind: 'training', jobId: '..' },
    null,
  ] as const) {
    const runId = `stray-${++serial}`
    expect(await take({ runId, status: 'succeeded', owner })).toEqual({ news: true, followUp: 'of nobody' })
    expect(await readReplicateRun(null, db, runId)).toMatchObject({ status: 'succeeded' })
  }
  expect([wakes, asked]).toEqual([[], []])
})

test('what is told of a run whose owner was purged is not kept, and the run is ended where it goes on', async () => {
  const owner = { kind: 'training', jobId: `purged-${++serial}` } as const
  const input = { ...owner, sinceMs: 0 }
  const lost = newJob(db, { names: lostRunNames, input, deadlineMs: 1e8, now: at, dueAt: at })
  await write(lost.writes)
  const runId = `run-${owner.jobId}`
  expect((await take({ runId, status: 'processing', owner })).followUp).toBe('run to be canceled')
  expect(asked).toEqual([['run-cancel', { runId, kind: 'training' }]])
  expect((await take({ runId, status: 'succeeded', output: 'a picture', owner })).followUp).toBe('owner is over')
  expect(await readReplicateRun(null, db, runId)).toBeNull()
  expect([wakes, asked.length]).toEqual([[], 1])
})

test('another run than the one that a training waits for wakes nobody', async () => {
  const { id, owner } = await waitingTraining()
  expect(await take({ runId: 'somebody-elses', status: 'succeeded', owner })).toEqual({
    news: true,
    followUp: 'another run',
  })
  expect(wakes).toEqual([])
  expect(log.messages()).toEqual(['A webhook tells of another run than the one that its owner waits for.'])
  expect((await db.doc(`trainings/${id}`).get()).get('replicateTrainingId')).toBe(`run-${id}`)
})

test('the URL counts only where the signed body does not say whose run it is', async () => {
  const one = await waitingTraining()
  const other = await waitingTraining()
  await take({ runId: one.runId, status: 'succeeded', owner: one.owner }, other.owner)
  expect(wakes).toEqual([finishId(one.id)])
  expect(log.messages()).toEqual(['A webhook came to the URL of another job than its own.'])
  await take({ runId: other.runId, status: 'succeeded', owner: null }, other.owner)
  expect(wakes).toEqual([finishId(one.id), finishId(other.id)])
  // What is not signed is no proof of whose run it is.
  expect(await readReplicateRun(null, db, other.runId)).toMatchObject({ owner: null })
})

test('a run that goes on when its training is over is ended at Replicate', async () => {
  const { id, runId, owner } = await waitingTraining()
  await write(updateTraining(db, id, { status: 'canceled' }))
  expect((await take({ runId, status: 'processing', owner })).followUp).toBe('run to be canceled')
  expect(asked).toEqual([['run-cancel', { runId, kind: 'training' }]])
  expect((await take({ runId, status: 'canceled', owner })).followUp).toBe('owner is over')
  expect([wakes, asked.length]).toEqual([[], 1])
})

test('a prediction wakes its generation, and is ended at Replicate when that is over', async () => {
  const id = `generation-${++serial}`
  await write(createGeneration(db, newGeneration(id, { status: 'running' })))
  const job = newJob(db, { names: generationNames, input: { generationId: id }, deadlineMs: 1e8, now: at, dueAt: at })
  await write(job.writes)
  const owner = predictionOwner(id, 1)
  expect((await take({ runId: `p-${id}`, status: 'succeeded', owner })).followUp).toBe('owner woken')
  expect(wakes).toEqual([job.id])
  await write(updateGeneration(db, id, { status: 'failed' }))
  expect((await take({ runId: `q-${id}`, status: 'starting', owner })).followUp).toBe('run to be canceled')
  expect(asked).toEqual([['run-cancel', { runId: `q-${id}`, kind: 'prediction' }]])
})

test('twenty copies at once are one piece of news', async () => {
  const { runId, owner } = await waitingTraining()
  const copies = Array.from({ length: 20 }, () => take({ runId, status: 'processing', owner }))
  expect((await Promise.all(copies)).filter(({ news }) => news)).toHaveLength(1)
  expect(wakes).toHaveLength(1)
})

test('a database that does not answer is told as what may pass', async () => {
  const { runId, owner } = await waitingTraining()
  const broken = { ...deps(), jobs: { ...deps().jobs, wake: () => Promise.reject(unavailable) } }
  await expect(recordDelivery(broken, delivery({ runId, status: 'succeeded', owner }))).rejects.toMatchObject({
    retryable: true,
    code: 'documents.unavailable',
  })
  // Sent again, it wakes.
  expect(await take({ runId, status: 'succeeded', owner })).toEqual({ news: false, followUp: 'owner woken' })
})

const unavailable = Object.assign(new Error('14 UNAVAILABLE'), { code: 14 })
