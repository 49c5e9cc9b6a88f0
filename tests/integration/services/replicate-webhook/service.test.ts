import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Timestamp } from '@google-cloud/firestore'
import { startBucketServer } from '#local/bucket/server.ts'
import { createClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN, LOCAL_WEBHOOK_SECRET } from '#local/replicate/account.ts'
import { loadConfig } from '#shared/config/load.ts'
import { createTraining, isTrainingOver, readTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { type TrainingFinishInput, trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { createReplicateWebhook } from '../../../../services/replicate-webhook/app.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { connectFirestore, startTestDocuments } from '../../../support/documents.ts'
import { serveApp } from '../../../support/serve-app.ts'
import { destination, startTrainings } from '../../../support/training-stand-in.ts'
import { newTraining } from '../../../support/trainings.ts'
import { until } from '../../../support/until.ts'

const projectId = 'service-test'

/** The whole service in this process, without a task queue: what is asked for is begun beside the answer. */
async function startWorld() {
  const dataDir = await mkdtemp(join(tmpdir(), 'webhook-service-'))
  const documents = await startTestDocuments()
  const bucket = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  for (const name of ['app-bucket', 'work-bucket', 'models-bucket']) await bucket.createBucket(name)
  // On the real clock: what it signs is judged by that.
  const standIn = await startTrainings({
    clock: createClock(),
    trainingTimes: { queueMs: 0, runMs: 50 },
    queueMs: 0,
    runMs: 10,
  })
  Object.assign(process.env, { FIRESTORE_EMULATOR_HOST: documents.host, STORAGE_EMULATOR_HOST: bucket.url })
  const log = captureLog()
  const closing: (() => Promise<void> | void)[] = []
  const shutdown = new AbortController()
  let listener: ReturnType<typeof createReplicateWebhook> | null = null
  const server = await serveApp((request, response) => listener?.(request, response))
  const config = loadConfig('replicate-webhook', {
    GOOGLE_CLOUD_PROJECT: projectId,
    STORAGE_BUCKET: 'app-bucket',
    WORK_BUCKET: 'work-bucket',
    MODELS_STORAGE_BUCKET: 'models-bucket',
    FIRESTORE_EMULATOR_HOST: documents.host,
    STORAGE_EMULATOR_HOST: bucket.url,
    REPLICATE_API_TOKEN: LOCAL_REPLICATE_TOKEN,
    REPLICATE_BASE_URL: `${standIn.url}/v1`,
    REPLICATE_OWNER: LOCAL_REPLICATE_OWNER,
    REPLICATE_WEBHOOK_URL: server.url,
    REPLICATE_WEBHOOK_SECRETS: LOCAL_WEBHOOK_SECRET,
    FETCH_ALLOW_HOSTS: new URL(standIn.url).host,
  })
  listener = createReplicateWebhook({
    config,
    logger: log.logger,
    shutdown: shutdown.signal,
    onShutdown: (_name, close) => void closing.push(close),
    afterFirstAnswer: () => {},
  })
  const db = connectFirestore(documents.host, projectId)
  return {
    db,
    standIn,
    server,
    log,
    async close() {
      shutdown.abort()
      await server.close()
      for (const close of closing.reverse()) await close()
      await db.terminate()
      await standIn.close()
      await bucket.close()
      await documents.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

test('webhooks alone bring a training to its end, with its pictures, where there is no task queue', async () => {
  const world = await startWorld()
  const { db, standIn, server } = world
  try {
    const trainingId = 'trained-here'
    const webhook = webhookUrl(server.url, { kind: 'training', jobId: trainingId })
    const { id } = await standIn.train({ webhook, webhook_events_filter: ['completed'] })
    const input: TrainingFinishInput = { trainingId, userId: 'user-1', runId: String(id) }
    await runTransaction(db, async (transaction) => {
      const now = Timestamp.now()
      createTraining(
        db,
        newTraining(trainingId, { status: 'training', destination, replicateTrainingId: input.runId }),
      )(transaction)
      newJob(db, { names: trainingFinishNames, input, deadlineMs: 1e8, now, dueAt: now }).writes(transaction)
    })
    await standIn.finish(id)
    await until(async () => {
      const training = await readTraining(null, db, trainingId)
      return training !== null && isTrainingOver(training)
    })
    expect(await readTraining(null, db, trainingId)).toMatchObject({ status: 'succeeded', modelId: trainingId })
    const samples = (await db.doc(`generations/${trainingId}-samples`).get()).data()
    expect(samples).toMatchObject({ status: 'succeeded', images: [{ index: 0 }, { index: 1 }] })
    expect(standIn.webhooks.map(({ status }) => status)).toEqual(standIn.webhooks.map(() => 200))
    expect((await db.collection('mail').get()).size).toBe(1)
    expect(JSON.stringify(world.log.entries)).not.toContain('/delivery/')

    const denied = await fetch(`${server.url}/webhooks/replicate/${trainingId}`, { method: 'POST', body: '{}' })
    expect(denied.status).toBe(401)
    const large = await fetch(`${server.url}/webhooks/replicate`, { method: 'POST', body: ' '.repeat(1_048_577) })
    expect(large.status).toBe(413)
    expect((await fetch(`${server.url}/internal/nothing`)).status).toBe(404)
    expect((await fetch(`${server.url}/internal/reconcile`, { method: 'POST' })).status).toBe(200)
  } finally {
    await world.close()
  }
})
