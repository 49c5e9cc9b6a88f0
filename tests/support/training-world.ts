import { randomUUID } from 'node:crypto'
import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import sharp from 'sharp'
import type { BucketServer } from '#local/bucket/server.ts'
import {
  internalCaller,
  localBuckets,
  localEnvironment,
  localProject,
  trainingEnvironment,
} from '#local/environment.ts'
import { type Identity, openIdentity } from '#local/identity/identity.ts'
import { openServiceAccount } from '#local/identity/service-account.ts'
import { type ReplicateOptions, type ReplicateStandIn, startReplicate } from '#local/replicate/server.ts'
import { sendRequest } from '#local/send-request.ts'
import { freePort } from '#local/service-process.ts'
import { startTaskServer, type TaskServer } from '#local/tasks/server.ts'
import { writeZip } from '#shared/archives/zip-writer.ts'
import { readUsage, type Usage } from '#shared/documents/quotas.ts'
import { isTrainingOver, readTraining, type Training, trainingRef } from '#shared/documents/trainings.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { ApiAnswer } from './api-answer.ts'
import type { StartDocuments } from './documents.ts'
import { startGoogleSide } from './google-side.ts'
import { type ServiceUnderTest, startInstance } from './service-under-test.ts'
import { taskRetry } from './task-retry.ts'

const trainingServices = ['api', 'replicate-webhook'] as const
export type TrainingService = (typeof trainingServices)[number]

export interface TrainingWorldOptions {
  documents: StartDocuments
  /** More variables for both services. */
  env?: Record<string, string>
  replicate?: ReplicateOptions
  /** First and longest pause of a task that was not taken (ms). */
  taskRetry?: { baseMs: number; maxMs: number }
  /** Which services run; default both. */
  services?: readonly TrainingService[]
  /** Where Replicate is told to send its webhooks, in place of the service. */
  webhooksGoTo?: string
}

/** Somebody who is signed in. */
export interface Caller {
  uid: string
  email: string
  token: string
}

/** Both services of trainings as processes of their own, with everything around them that they have in the cloud. */
export interface TrainingWorld {
  bucket: BucketServer
  storage: Storage
  db: Firestore
  replicate: ReplicateStandIn
  tasks: TaskServer
  /** The instance of each as it is now. */
  running: Readonly<Record<TrainingService, ServiceUnderTest>>
  /** Where each is reached, for as long as the world lasts. */
  urls: Readonly<Record<TrainingService, string>>
  /** Every object that was ever finalized, in order: `bucket/name`. */
  finalized: readonly string[]
  signIn(uid?: string): Promise<Caller>
  /** Asks the api; `at` another instance of it. */
  call(caller: Caller, method: string, path: string, body?: unknown, at?: string): Promise<ApiAnswer>
  /** A ZIP of four small photos that anybody can fetch; `seed` makes two of them differ. @returns its URL */
  offerPhotos(seed: number): Promise<string>
  /** Asks for a training of a ZIP. @returns its id @throws where it is not taken */
  train(caller: Caller, zipUrl: string): Promise<string>
  /** Waits until a training has ended. */
  ended(trainingId: string): Promise<Training>
  jobs(): Promise<JobRecord[]>
  usage(uid: string): Promise<Usage>
  /** Ids of the mails that were written. */
  mails(): Promise<string[]>
  /** Names in a bucket. */
  objects(bucket: keyof typeof localBuckets, prefix?: string): Promise<string[]>
  /** A second instance beside the first; ended with the world. */
  startAnother(service: TrainingService): Promise<ServiceUnderTest>
  kill(service: TrainingService): Promise<void>
  /** Starts it again after it was killed; `onSpawn` is told before it is ready. */
  restart(service: TrainingService): Promise<void>
  reconcile(): Promise<void>
  close(): Promise<void>
}

export async function startTrainingWorld(options: TrainingWorldOptions): Promise<TrainingWorld> {
  const finalized: string[] = []
  const google = await startGoogleSide({
    documents: options.documents,
    buckets: Object.values(localBuckets),
    projectId: localProject,
    onObjectChange: (change) => {
      if (change.type === 'finalized') finalized.push(`${change.bucket}/${change.object.name}`)
    },
  })
  const { bucket, db, storage } = google
  const account = await openServiceAccount({ dataDir: google.dataDir, projectId: localProject })
  await bucket.registerKey(account.publicKey)
  const identity = await openIdentity({ dataDir: null })
  const ports = { api: await freePort(), 'replicate-webhook': await freePort() }
  const urls = {
    api: `http://127.0.0.1:${ports.api}`,
    'replicate-webhook': `http://127.0.0.1:${ports['replicate-webhook']}`,
  }
  const webhookUrl = options.webhooksGoTo ?? urls['replicate-webhook']
  const tasks = await startTaskServer({
    port: 0,
    dataDir: null,
    identity,
    retry: { ...taskRetry, ...options.taskRetry },
    // Only webhooks go where somebody else was named; tasks carry the same origin.
    send: (request, signal) => {
      const url = request.url.href.replace(webhookUrl, urls['replicate-webhook'])
      return sendRequest({ ...request, url: new URL(url) }, signal)
    },
  })
  const replicate = await startReplicate({
    runsPerMinute: null,
    queueMs: 5,
    runMs: 10,
    trainingTimes: { queueMs: 20, runMs: 100 },
    ...options.replicate,
  })
  const envOf = (service: TrainingService): Record<string, string> => ({
    PATH: process.env.PATH ?? '',
    LOG_LEVEL: 'info',
    ...localEnvironment({
      bucketUrl: bucket.url,
      documentsHost: google.documentsHost,
      civitaiUrl: 'http://127.0.0.1:1',
      huggingfaceUrl: 'http://127.0.0.1:1',
      fileHostUrl: 'http://127.0.0.1:1',
      tasksUrl: tasks.url,
      jwksUrl: tasks.jwksUrl,
      serviceUrl: service === 'api' ? urls.api : webhookUrl,
    }),
    ...trainingEnvironment({
      bucketUrl: bucket.url,
      replicateUrl: replicate.url,
      jwksUrl: tasks.jwksUrl,
      replicateWebhookUrl: webhookUrl,
      keyFile: account.keyFile,
    }),
    REPLICATE_BASE_URL: `${replicate.url}/v1`,
    TRAINING_POLL_MS: '200',
    CREATE_SEARCH_MS: '3000',
    LEASE_MS: '3000',
    REQUESTS_PER_MINUTE: '0',
    TRAINING_COOLDOWN_MS: '0',
    ...options.env,
  })
  const others: ServiceUnderTest[] = []
  const listeners = new Set<() => void>()
  const running: Partial<Record<TrainingService, ServiceUnderTest>> = {}
  const start = async (service: TrainingService) => {
    await startInstance(service, {
      env: envOf(service),
      port: ports[service],
      onSpawn: (spawned) => {
        running[service] = spawned
      },
    })
  }
  await Promise.all((options.services ?? trainingServices).map(start))

  const world: TrainingWorld = {
    bucket,
    storage,
    db,
    replicate,
    tasks,
    running: running as Record<TrainingService, ServiceUnderTest>, // Those that were asked for.
    urls,
    finalized,
    signIn: (uid = `user-${randomUUID().slice(0, 8)}`) => signIn(identity, uid),
    call: (caller, method, path, body, at = urls.api) => callApi(at, caller, { method, path, body }),
    async offerPhotos(seed) {
      const file = storage.bucket(localBuckets.app).file(`photos-${seed}.zip`)
      await file.save(await photosZip(seed), { resumable: false, public: true, contentType: 'application/zip' })
      return file.publicUrl()
    },
    async train(caller, zipUrl) {
      const options = { loraRank: 1, steps: 10 }
      const answer = await world.call(caller, 'POST', '/api/trainings', { name: 'Ana', type: 'woman', zipUrl, options })
      if (answer.status !== 202) throw new Error(`Not taken: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body.training.id
    },
    async ended(trainingId) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const stop = trainingRef(db, trainingId).onSnapshot((snapshot) => {
        if (snapshot.exists && isTrainingOver(snapshot.data() as Training)) resolve()
      })
      listeners.add(stop)
      await promise
      stop()
      listeners.delete(stop)
      const training = await readTraining(null, db, trainingId)
      if (training === null) throw new Error(`The training ${trainingId} is gone.`)
      return training
    },
    async jobs() {
      const { docs } = await db.collection('jobs').get()
      return docs.map((found) => found.data() as JobRecord)
    },
    usage: (uid) => readUsage(null, db, uid),
    async mails() {
      const { docs } = await db.collection('mail').get()
      return docs.map(({ id }) => id)
    },
    async objects(name, prefix = '') {
      const [files] = await storage.bucket(localBuckets[name]).getFiles({ prefix })
      return files.map((file) => file.name)
    },
    async startAnother(service) {
      const other = await startInstance(service, { env: envOf(service) })
      others.push(other)
      return other
    },
    async kill(service) {
      running[service]?.child.kill('SIGKILL')
      await running[service]?.exited
    },
    async restart(service) {
      await running[service]?.exited
      await start(service)
    },
    async reconcile() {
      for (const service of Object.keys(running) as TrainingService[]) {
        const token = await identity.mint({ audience: urls[service], email: internalCaller })
        const answer = await fetch(`${urls[service]}/internal/reconcile`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(20_000),
        })
        if (!answer.ok) throw new Error(`The reconciler of ${service} answered ${answer.status}.`)
      }
    },
    async close() {
      // Of a test that gave up waiting.
      for (const stop of listeners) stop()
      for (const service of trainingServices) await world.kill(service)
      for (const { child } of others) child.kill('SIGKILL')
      for (const { exited } of others) await exited
      await tasks.close()
      await replicate.close()
      await google.close()
    },
  }
  return world
}

async function signIn(identity: Identity, uid: string): Promise<Caller> {
  const email = `${uid}@example.com`
  return { uid, email, token: await identity.mintUser({ projectId: localProject, uid, email }) }
}

async function callApi(
  url: string,
  { token }: Caller,
  { method, path, body }: { method: string; path: string; body?: unknown },
): Promise<ApiAnswer> {
  const answer = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) }
}

async function photosZip(seed: number): Promise<Buffer> {
  const photo = (hue: number) =>
    sharp({ create: { width: 32, height: 24, channels: 3, background: `hsl(${hue % 360}, 60%, ${30 + (hue % 40)}%)` } })
      .jpeg()
      .toBuffer()
  const sources = [0, 1, 2, 3].map(async (index) => ({
    name: `${seed}-${index}.jpg`,
    content: await photo(seed * 7 + index * 90),
  }))
  const chunks: Buffer[] = []
  for await (const chunk of writeZip(await Promise.all(sources))) chunks.push(chunk)
  return Buffer.concat(chunks)
}
