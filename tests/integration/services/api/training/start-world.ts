import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DocumentData, type Firestore, Timestamp } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { startBucketServer } from '#local/bucket/server.ts'
import { createManualClock, type ManualClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import { type ReplicateOptions, type ReplicateStandIn, startReplicate } from '#local/replicate/server.ts'
import { newId } from '#shared/documents/new-id.ts'
import { readUsage, reserveQuota, reserveStorage, type Usage } from '#shared/documents/quotas.ts'
import { createTraining, readTraining, type Training, trainingRef } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { Places } from '#shared/jobs/concurrency.ts'
import { type JobRecord, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { createJobRequests, newJob } from '#shared/jobs/job-requests.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { createUrlSigner } from '#shared/objects/signed-urls.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import { type PhotoSource, type TrainingStartInput, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { uploadPrefix } from '#shared/trainings/training-places.ts'
import { runTrainingStart } from '../../../../../services/api/training/run-start-job.ts'
import type { StartDeps } from '../../../../../services/api/training/start-deps.ts'
import { trainingStartJob } from '../../../../../services/api/training/start-job.ts'
import { captureLog } from '../../../../support/captured-log.ts'
import { startTestDocuments } from '../../../../support/documents.ts'
import { TRAINER, TRAINER_VERSION } from '../../../../support/training-stand-in.ts'
import { newTraining } from '../../../../support/trainings.ts'

export const workBucket = 'work-bucket'
export const userId = 'user-1'
export const searchMs = 600_000

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

/** The job `training-start` in this process, with everything around it that it has in the cloud. */
export interface StartWorld {
  db: Firestore
  store: ObjectStore
  replicate: ReplicateStandIn
  clock: ManualClock
  log: ReturnType<typeof captureLog>
  createBucket(name: string): Promise<void>
  deps: StartDeps
  /** Puts photos where uploads go, with room reserved for them. */
  upload(photos: readonly Buffer[]): Promise<PhotoSource>
  /** Serves bytes at an address that the guard lets through, with this status. */
  serve(bytes: Buffer, answer?: { status?: number; headers?: Record<string, string> }): PhotoSource & { kind: 'zip' }
  /** How often anything was fetched from there. */
  fetches(): number
  /** Asks for a training as the api does. Returns its id. */
  ask(source: PhotoSource, more?: { force?: boolean; training?: Partial<Training> }): Promise<string>
  /** One attempt at the job; `deps` in place of the world's. */
  attempt(trainingId: string, deps?: Partial<StartDeps>, shutdown?: AbortSignal): Promise<Outcome>
  /** Attempts until the job has ended, the time moving on to each `retryAt`. Returns the training as it is then. */
  finish(trainingId: string, deps?: Partial<StartDeps>): Promise<Training>
  /** Asks, and finishes. */
  train(source: PhotoSource, more?: { force?: boolean; training?: Partial<Training> }): Promise<Training>
  /** What the owner does to end it. */
  cancel(trainingId: string): Promise<void>
  /** As a crash does that nobody notices before the lease is over. */
  expireLease(trainingId: string): Promise<void>
  job(trainingId: string): Promise<JobRecord>
  jobsOf(kind: string): Promise<DocumentData[]>
  training(trainingId: string): Promise<Training>
  usage(): Promise<Usage>
  mails(): Promise<DocumentData[]>
  /** Names in the work bucket. */
  objects(): Promise<string[]>
  /** Trainings that Replicate was made to pay for. */
  charged(): number
  close(): Promise<void>
}

/** One world for the tests of a file; `take` is told it before the first of them. */
export function useStartWorld(take: (world: StartWorld) => void, options: ReplicateOptions = {}): void {
  const { warn } = console
  let world: StartWorld
  beforeAll(async () => {
    // The auth library warns at each key that is handed to it, whoever hands it.
    console.warn = () => {}
    world = await startStartWorld(options)
    take(world)
  })
  afterAll(async () => {
    await world.close()
    console.warn = warn
  })
}

export async function startStartWorld(options: ReplicateOptions = {}): Promise<StartWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'start-world-'))
  const documents = await startTestDocuments()
  const { db } = documents
  const bucket = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  await bucket.createBucket(workBucket)
  await bucket.registerKey(publicKey)
  const storage = new Storage({
    apiEndpoint: bucket.url,
    projectId: 'test-project',
    useAuthWithCustomEndpoint: false,
    credentials: { client_email: 'services@test-project.iam.gserviceaccount.com', private_key: privateKey },
  })
  const store = new ObjectStore(storage)
  const clock = createManualClock(Date.now())
  const replicate = await startReplicate({ clock, runsPerMinute: null, ...options })
  const files = new Map<string, { bytes: Buffer; status: number; headers: Record<string, string> }>()
  let fetches = 0
  const fileServer = createServer((request, response) => {
    fetches += 1
    const file = files.get(request.url ?? '')
    response.writeHead(file?.status ?? 404, file?.headers).end(file?.bytes)
  })
  await new Promise<void>((resolve) => fileServer.listen(0, '127.0.0.1', resolve))
  const fileHost = `127.0.0.1:${(fileServer.address() as AddressInfo).port}`
  const log = captureLog()
  const http = createHttpClient()
  const web = createHttpClient({ guard: createAddressGuard({ allowHosts: [fileHost] }) })
  const streams = openObjectStreams(storage)
  const now = () => new Date(clock.now())
  const mail = { collection: 'mail', appUrl: null }
  const deps: StartDeps = {
    db,
    store,
    streams,
    signer: createUrlSigner(storage),
    workBucket,
    web,
    scanner: null,
    replicate: {
      client: createReplicateClient({ http, baseUrl: `${replicate.url}/v1`, apiToken: () => LOCAL_REPLICATE_TOKEN }),
      owner: LOCAL_REPLICATE_OWNER,
      trainer: { owner: TRAINER.split('/')[0]!, name: TRAINER.split('/')[1]!, versionId: TRAINER_VERSION },
      hardware: 'gpu-t4',
      webhookUrl: 'http://127.0.0.1:9',
    },
    finishJobs: createJobRequests({ db, wakeQueue: null, deadlineMs: 3_600_000 }),
    mail,
    limits: { maxPhotoBytes: 1_000_000 },
    photoPlaces: new Places(2),
    zipUrlTtlMs: 3_600_000,
    createSearchMs: searchMs,
    now,
  }

  const idOf = (trainingId: string) => jobId(trainingStartNames.key({ trainingId }))
  const world: StartWorld = {
    db,
    store,
    replicate,
    clock,
    log,
    createBucket: (name) => bucket.createBucket(name),
    deps,
    async upload(photos) {
      const names = photos.map(() => newId())
      const reservations = Object.fromEntries(names.map((id, index) => [id, photos[index]!.byteLength]))
      const expireAt = new Date(Date.now() + 3_600_000)
      await runTransaction(db, async (transaction) => {
        const usage = await readUsage(transaction, db, userId)
        reserveStorage(db, usage, { reservations, expireAt, now: new Date() })(transaction)
      })
      const uploaded = await Promise.all(
        photos.map(async (bytes, index) => {
          const name = `${uploadPrefix(userId)}${names[index]}.jpg`
          const write = { bucket: workBucket, name, bytes, contentType: 'image/jpeg', ifGeneration: '0' }
          const { generation, sizeBytes } = await store.write(write)
          return { name, generation, sizeBytes }
        }),
      )
      return { kind: 'uploads', photos: uploaded }
    },
    serve(bytes, { status = 200, headers = {} } = {}) {
      const path = `/${newId()}.zip`
      files.set(path, { bytes, status, headers })
      return { kind: 'zip', url: `http://${fileHost}${path}` }
    },
    fetches: () => fetches,
    async ask(source, { force = false, training = {} } = {}) {
      const trainingId = newId()
      const input: TrainingStartInput = { trainingId, userId, source, force }
      const at = Timestamp.fromDate(now())
      await runTransaction(db, async (transaction) => {
        const usage = await readUsage(transaction, db, userId)
        const job = newJob(db, { names: trainingStartNames, input, deadlineMs: 82_800_000, now: at, dueAt: at })
        reserveQuota(db, usage, { quota: 'trainings', key: trainingId, amount: 1, now: now() })(transaction)
        // The api knows the hash of uploads when it is asked.
        const inputHash = source.kind === 'uploads' ? trainingId : null
        const asked = newTraining(trainingId, {
          ...{ userId, email: 'ana@example.com', name: 'Ana, March', inputHash, photoCount: null, zipSizeBytes: null },
          ...{ jobId: job.id, createdAt: at, updatedAt: at },
        })
        const options = { ...asked.options, steps: 500, resolution: '512,768', loraRank: 8 }
        createTraining(db, { ...asked, options, ...training })(transaction)
        job.writes(transaction)
      })
      return trainingId
    },
    async attempt(trainingId, own = {}, shutdown = new AbortController().signal) {
      const used = { ...deps, ...own }
      const start = trainingStartJob({ ...used, logger: log.logger, work: (run) => runTrainingStart(used, run) })
      const runner = new JobRunner({
        db: used.db,
        definitions: [start],
        wakeQueue: null,
        limits: { leaseMs: 60_000, maxFailures: 3, deadlineMs: 82_800_000, workBudgetMs: 60_000 },
        logger: log.logger,
        shutdown,
      })
      return await runner.resume(idOf(trainingId))
    },
    async finish(trainingId, own) {
      for (let attempts = 0; attempts < 60; attempts++) {
        const outcome = await world.attempt(trainingId, own)
        if (outcome.kind !== 'try-again') return await world.training(trainingId)
        const { retryAt } = await world.job(trainingId)
        if (retryAt) clock.advance(Math.max(0, retryAt.toMillis() - clock.now()))
      }
      throw new Error('The job does not end.')
    },
    async train(source, more) {
      return await world.finish(await world.ask(source, more))
    },
    async cancel(trainingId) {
      await trainingRef(db, trainingId).update({ cancelRequestedAt: Timestamp.now() })
    },
    async expireLease(trainingId) {
      const ref = jobRef(db, idOf(trainingId))
      if ((await world.job(trainingId)).lease) await ref.update({ 'lease.expiresAt': Timestamp.fromMillis(0) })
    },
    async job(trainingId) {
      return toJobRecord(await jobRef(db, idOf(trainingId)).get())!
    },
    async jobsOf(kind) {
      return (await db.collection('jobs').where('kind', '==', kind).get()).docs.map((found) => found.data())
    },
    async training(trainingId) {
      return (await readTraining(null, db, trainingId))!
    },
    usage: () => readUsage(null, db, userId),
    async mails() {
      return (await db.collection('mail').get()).docs.map((found) => found.data())
    },
    async objects() {
      const names: string[] = []
      for await (const { name } of store.list(workBucket, '')) names.push(name)
      return names
    },
    charged: () => replicate.requests.filter(({ endpoint, charged }) => endpoint === 'train' && charged).length,
    async close() {
      http.close()
      web.close()
      streams.close()
      await replicate.close()
      await documents.close()
      await bucket.close()
      await new Promise((resolve) => {
        fileServer.close(resolve)
        fileServer.closeAllConnections()
      })
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  return world
}
