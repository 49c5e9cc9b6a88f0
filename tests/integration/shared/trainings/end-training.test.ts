import { Timestamp } from '@google-cloud/firestore'
import { readUsage, reserveQuota, usedOf } from '#shared/documents/quotas.ts'
import { createTraining, readTraining, type Training, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { endTraining, type TrainingEnd } from '#shared/trainings/end-training.ts'
import { useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()

const now = Timestamp.fromDate(new Date('2026-01-31T12:00:00Z'))
const mail = { collection: 'mail', appUrl: 'https://app.example.com/?a=1&b=2' }

/** A training that has begun, its place in the quota reserved. */
async function begin(id: string, more: Partial<Training> = {}): Promise<void> {
  const { db } = documents
  const training: Training = {
    id,
    userId: `user-of-${id}`,
    email: 'ann@example.com',
    name: 'Ann <b>\nin the "park"',
    type: 'woman',
    options: {
      triggerWord: 'ohwx',
      steps: 1000,
      learningRate: 0.0004,
      batchSize: 1,
      resolution: '512,768,1024',
      loraRank: 16,
      autocaption: true,
      autocaptionPrefix: null,
      captionDropoutRate: 0.05,
      optimizer: 'adamw8bit',
    },
    status: 'training',
    stage: 'training',
    progress: 0.5,
    inputHash: null,
    photoCount: 10,
    zipSizeBytes: 1000,
    trainer: 'ostris/flux-dev-lora-trainer:1',
    destination: 'us/model',
    replicateTrainingId: 'run-1',
    modelId: null,
    generationId: null,
    error: null,
    cancelRequestedAt: null,
    jobId: 'job',
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
    ...more,
  }
  await runTransaction(db, async (transaction) => {
    const usage = await readUsage(transaction, db, training.userId)
    createTraining(db, training)(transaction)
    reserveQuota(db, usage, { quota: 'trainings', key: id, amount: 1, now: now.toDate() })(transaction)
  })
}

async function end(trainingId: string, how: TrainingEnd): Promise<void> {
  const { db } = documents
  await runTransaction(db, async (transaction) => {
    const writes = await endTraining(transaction, db, { trainingId, end: how, mail, now })
    writes(transaction)
  })
}

const used = async (id: string) =>
  usedOf(await readUsage(null, documents.db, `user-of-${id}`), 'trainings', now.toDate())
const mailOf = async (id: string) => (await documents.db.collection('mail').doc(`training-${id}`).get()).data()

const succeeded: TrainingEnd = { status: 'succeeded', storedBytes: 500, change: { modelId: 'm' } }
const failed: TrainingEnd = { status: 'failed', stage: 'completion', code: 'x.y', message: 'It broke.' }

test('a success is written with its quota, its bytes and its mail together', async () => {
  await begin('ok')
  await end('ok', succeeded)
  expect(await readTraining(null, documents.db, 'ok')).toMatchObject({
    status: 'succeeded',
    stage: 'completion',
    progress: 1,
    modelId: 'm',
    error: null,
    finishedAt: now,
  })
  expect(await used('ok')).toBe(1)
  expect((await readUsage(null, documents.db, 'user-of-ok')).storage.usedBytes).toBe(500)
  const sent = await mailOf('ok')
  expect(sent).toMatchObject({ to: 'ann@example.com' })
  expect(sent?.message.subject).toBe('Your model “Ann <b> in the "park"” is ready')
  expect(sent?.message.html).toContain('Ann &lt;b&gt; in the &quot;park&quot;')
  expect(sent?.message.html).toContain('<a href="https://app.example.com/?a=1&amp;b=2">')
})

test('a failure is refunded, tells its stage, code and sentence, and is mailed', async () => {
  await begin('bad')
  await end('bad', failed)
  expect(await readTraining(null, documents.db, 'bad')).toMatchObject({
    status: 'failed',
    stage: 'completion',
    error: { code: 'x.y', message: 'It broke.' },
  })
  expect(await used('bad')).toBe(0)
  expect((await mailOf('bad'))?.message.text).toContain('It broke.')
})

test('a failure counts as a failed run once its run was created, which is billed', async () => {
  await begin('run')
  await begin('no-run', { replicateTrainingId: null })
  for (const id of ['run', 'no-run', 'run']) await end(id, failed)
  const failures = async (id: string) =>
    Object.entries((await readUsage(null, documents.db, `user-of-${id}`)).failedRuns.trainings)
  expect(await failures('run')).toEqual([['run', { amount: 1, at: now }]])
  expect([await failures('no-run'), await used('run'), await used('no-run')]).toEqual([[], 0, 0])
})

test('what has ended stays as it ended, with the one mail that it had', async () => {
  await begin('once')
  await end('once', succeeded)
  await end('once', failed)
  await end('once', { status: 'canceled' })
  expect(await readTraining(null, documents.db, 'once')).toMatchObject({ status: 'succeeded' })
  expect(await used('once')).toBe(1)
  expect((await mailOf('once'))?.message.subject).toContain('is ready')
})

test('a cancel before a run exists is refunded, one after it is not: the run is billed', async () => {
  await begin('early', { replicateTrainingId: null })
  await begin('late')
  for (const id of ['early', 'late']) await end(id, { status: 'canceled' })
  expect([await used('early'), await used('late')]).toEqual([0, 1])
  expect([await mailOf('early'), await mailOf('late')]).toEqual([undefined, undefined])
})

test('without a proven address there is no mail, and the end is the same', async () => {
  await begin('quiet', { email: null })
  await end('quiet', failed)
  expect(await mailOf('quiet')).toBeUndefined()
  expect(await readTraining(null, documents.db, 'quiet')).toMatchObject({ status: 'failed' })
})

test('a training that was purged meanwhile is left alone', async () => {
  await end('purged', failed)
  expect(await readTraining(null, documents.db, 'purged')).toBeNull()
  await expect(
    runTransaction(documents.db, async (transaction) => updateTraining(documents.db, 'purged', {})(transaction)),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^documents\./) })
})
