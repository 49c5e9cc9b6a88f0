import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DocumentData, type Firestore, Timestamp } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { startBucketServer } from '#local/bucket/server.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { type GenerationStatus, updateGeneration } from '#shared/documents/generations.ts'
import { readUsage, reserveQuota, type Usage } from '#shared/documents/quotas.ts'
import { recordRun } from '#shared/documents/replicate-runs.ts'
import { createTraining, readTraining, type Training, trainingRef } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { isTerminal, type JobRecord, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import {
  type GenerationInput,
  generationNames,
  runCancelNames,
  type TrainingFinishInput,
  trainingFinishNames,
} from '#shared/trainings/training-jobs.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { cancelRun } from '../../../../../services/replicate-webhook/cancel/cancel-run.ts'
import { runCancelJob } from '../../../../../services/replicate-webhook/cancel/unattended-jobs.ts'
import type { FinishDeps } from '../../../../../services/replicate-webhook/finish/finish-deps.ts'
import { trainingFinishJob } from '../../../../../services/replicate-webhook/finish/finish-job.ts'
import { runFinish } from '../../../../../services/replicate-webhook/finish/run-finish.ts'
import { type ReconcileReport, reconcile } from '../../../../../services/replicate-webhook/reconcile.ts'
import { type CapturedLog, captureLog } from '../../../../support/captured-log.ts'
import { startTestDocuments } from '../../../../support/documents.ts'
import { destination, type Json, startTrainings, type TrainingStandIn } from '../../../../support/training-stand-in.ts'
import { newTraining } from '../../../../support/trainings.ts'

export const buckets = { app: 'app-bucket', work: 'work-bucket', models: 'models-bucket' } as const
export const maxFailures = 5
const userId = 'user-1'

/** Wraps a run, so that a test can stand between its steps. */
export type Around = (run: JobRun<TrainingFinishInput>) => JobRun<TrainingFinishInput>

/** The job `training-finish` in this process, with everything around it that it has in the cloud. */
export interface FinishWorld {
  db: Firestore
  store: ObjectStore
  standIn: TrainingStandIn
  log: CapturedLog
  /** Names of objects in the order in which they were finalized. */
  finalized: string[]
  deps: FinishDeps
  /** How the job of the samples ends; `running` leaves it at work. */
  samples: { end: Exclude<GenerationStatus, 'queued'> }
  /** A training whose run was created, with the job that brings it to its end. */
  begin(options?: { fault?: ReplicateFault; change?: Partial<Training> }): Promise<{ id: string; runId: string }>
  /** One attempt at the job. */
  attempt(trainingId: string, around?: Around): Promise<Outcome>
  /** Attempts at every job that is woken, the stand-in's time moving on, until the training is over. */
  finish(trainingId: string): Promise<Training>
  /** Attempts at every job that was woken meanwhile. */
  drain(): Promise<void>
  /** Moves our own time on. */
  advance(ms: number): void
  /** What the owner does to end it. */
  cancel(trainingId: string): Promise<void>
  training(trainingId: string): Promise<Training>
  job(trainingId: string): Promise<JobRecord>
  cancelJob(runId: string): Promise<JobRecord | null>
  model(trainingId: string): Promise<DocumentData | undefined>
  mails(trainingId: string): Promise<DocumentData[]>
  usage(): Promise<Usage>
  /** What lies below the training's names, in all buckets: `bucket/name`. */
  objects(trainingId: string): Promise<string[]>
  reconcile(): Promise<ReconcileReport>
  /** Requests of that kind about a run. */
  requests(endpoint: string): number
  close(): Promise<void>
}

async function startFinishWorld(): Promise<FinishWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'finish-world-'))
  const documents = await startTestDocuments()
  const { db } = documents
  const finalized: string[] = []
  const bucketServer = await startBucketServer({
    port: 0,
    dataDir,
    durability: 'process',
    onChange: (change) => {
      if (change.type === 'finalized') finalized.push(change.object.name)
    },
  })
  for (const name of Object.values(buckets)) await bucketServer.createBucket(name)
  const storage = new Storage({
    apiEndpoint: bucketServer.url,
    projectId: 'test-project',
    useAuthWithCustomEndpoint: false,
  })
  const store = new ObjectStore(storage)
  const standIn = await startTrainings({ runsPerMinute: null, trainingTimes: { queueMs: 0, runMs: 2000 } })
  const web = createHttpClient({ guard: createAddressGuard({ allowHosts: [new URL(standIn.url).host] }) })
  const replicate = createReplicateClient({
    http: web,
    baseUrl: `${standIn.url}/v1`,
    apiToken: () => LOCAL_REPLICATE_TOKEN,
  })
  const log = captureLog()
  let aheadMs = 0
  const now = () => new Date(Date.now() + aheadMs)
  const mail = { collection: 'mail', appUrl: null }
  const wakes: string[] = []
  const samples: FinishWorld['samples'] = { end: 'succeeded' }
  const jobs: FinishDeps['jobs'] = {
    wake: async ({ id }) => void wakes.push(id),
    enqueue: (names, input) => runner.enqueue(names, input),
  }
  const deps: FinishDeps = {
    db,
    store,
    streams: openObjectStreams(storage),
    web,
    replicate,
    jobs,
    bucket: buckets.models,
    cacheLimits: { maxBytes: 0, keepRecent: 0 },
    mail,
    pollMs: 60_000,
    deadlineMs: 86_400_000,
    now,
  }
  let around: Around = (run) => run
  const cleaning = { db, store, jobs, appBucket: buckets.app, modelsBucket: buckets.models, workBucket: buckets.work }
  const finish = trainingFinishJob({
    ...cleaning,
    logger: log.logger,
    mail,
    deadlineMs: deps.deadlineMs,
    work: (run) => runFinish(deps, around(run)),
  })
  const generations = sampleJob(db, samples)
  const definitions = [finish, generations, runCancelJob({ work: (run) => cancelRun(replicate, run) })]
  const runner = new JobRunner({
    db,
    definitions,
    wakeQueue: {
      async wake({ jobId: id, at }) {
        // What a job puts down for later is not waited for: a test asks for that look itself.
        if (at.getTime() <= now().getTime() + 1000) wakes.push(id)
      },
    },
    limits: { leaseMs: 60_000, maxFailures, deadlineMs: deps.deadlineMs, workBudgetMs: 60_000 },
    logger: log.logger,
    shutdown: new AbortController().signal,
  })
  const idOf = (trainingId: string) => jobId(trainingFinishNames.key({ trainingId }))

  const world: FinishWorld = {
    db,
    store,
    standIn,
    log,
    finalized,
    deps,
    samples,
    async begin({ fault, change } = {}) {
      if (fault) standIn.inject({ fault, times: 1, endpoint: 'train' })
      const run = await standIn.train()
      const runId = String(run.id)
      const id = `t${runId.slice(0, 12)}`
      const training = newTraining(id, {
        status: 'training',
        stage: 'training',
        destination,
        replicateTrainingId: runId,
        ...change,
      })
      const input: TrainingFinishInput = { trainingId: id, userId, runId }
      await runTransaction(db, async (transaction) => {
        const usage = await readUsage(transaction, db, userId)
        const at = Timestamp.now()
        createTraining(db, training)(transaction)
        reserveQuota(db, usage, { quota: 'trainings', key: id, amount: 1, now: at.toDate() })(transaction)
        const { writes } = newJob(db, { names: trainingFinishNames, input, deadlineMs: 8.64e7, now: at, dueAt: at })
        writes(transaction)
      })
      await store.write({
        bucket: buckets.work,
        name: trainingZipName({ userId, id }),
        bytes: Buffer.from('PK'),
        contentType: 'application/zip',
        ifGeneration: '0',
      })
      return { id, runId }
    },
    async attempt(trainingId, standingIn = (run) => run) {
      around = standingIn
      const attempted = runner.resume(idOf(trainingId))
      return await attempted.finally(() => {
        if (around === standingIn) around = (run) => run
      })
    },
    async finish(trainingId) {
      for (let round = 0; round < 60; round++) {
        standIn.clock.advance(5000)
        await runner.resume(idOf(trainingId))
        await world.drain()
        const job = await world.job(trainingId)
        if (isTerminal(job.state)) return await world.training(trainingId)
      }
      throw new Error(`The training does not end: ${JSON.stringify(await world.job(trainingId))}`)
    },
    async drain() {
      while (wakes.length > 0) for (const id of new Set(wakes.splice(0))) await runner.resume(id)
    },
    advance(ms) {
      aheadMs += ms
    },
    async cancel(trainingId) {
      await trainingRef(db, trainingId).update({ cancelRequestedAt: Timestamp.now() })
    },
    async training(trainingId) {
      return (await readTraining(null, db, trainingId))!
    },
    async job(trainingId) {
      return toJobRecord(await jobRef(db, idOf(trainingId)).get())!
    },
    cancelJob: async (runId) =>
      toJobRecord(await jobRef(db, jobId(runCancelNames.key({ runId, kind: 'training' }))).get()),
    model: async (trainingId) => (await db.doc(`models/${trainingId}`).get()).data(),
    async mails(trainingId) {
      const { docs } = await db.collection('mail').get()
      return docs.filter(({ id }) => id.includes(trainingId)).map((found) => found.data())
    },
    usage: () => readUsage(null, db, userId),
    async objects(trainingId) {
      const names: string[] = []
      for (const bucket of Object.values(buckets)) {
        for await (const { name } of store.list(bucket, '')) {
          if (name.includes(trainingId) || name.startsWith(`work/${idOf(trainingId)}/`)) names.push(`${bucket}/${name}`)
        }
      }
      return names
    },
    reconcile: () =>
      reconcile({
        ...cleaning,
        jobs,
        generations,
        mail,
        stuckAfterMs: 600_000,
        deadlineMs: deps.deadlineMs,
        logger: log.logger,
        now,
      }),
    requests: (endpoint) => standIn.requests.filter((one) => one.endpoint === endpoint).length,
    async close() {
      web.close()
      deps.streams.close()
      await standIn.close()
      await bucketServer.close()
      await documents.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  return world
}

/** In place of the generation's own job, which has tests of its own: ends as it is told. */
function sampleJob(db: Firestore, samples: FinishWorld['samples']): JobDefinition<GenerationInput> {
  return {
    ...generationNames,
    parseInput: (stored) => stored as GenerationInput,
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    async run(run) {
      const { generationId } = run.input
      await run.complete(null, async () => updateGeneration(db, generationId, { status: samples.end }))
    },
    failed: async () => () => {},
    cleanUp: async () => {},
  }
}

/** A world for the tests of a file; each of them finds its log empty, and must meet every fault that it has ordered. */
export function useFinishWorld(): FinishWorld {
  const world = {} as FinishWorld // Filled before the first test.
  beforeAll(async () => {
    Object.assign(world, await startFinishWorld())
  })
  afterAll(() => world.close())
  beforeEach(() => {
    world.log.entries.length = 0
    world.finalized.length = 0
    world.samples.end = 'succeeded'
  })
  afterEach(() => world.standIn.assertAllFired())
  return world
}

/** Has a webhook say how a run is. */
export async function tell({ db }: FinishWorld, object: Json): Promise<void> {
  const run = readWebhookBody(Buffer.from(JSON.stringify(object)))
  await runTransaction(db, async (transaction) => {
    const { writes } = await recordRun(transaction, db, { run, owner: null, now: new Date() })
    writes(transaction)
  })
}

/** Stages of trainings as the log tells them. */
export function stagesOf({ log }: FinishWorld): string[] {
  const lines = log.entries.filter(({ event }) => event === 'training-stage')
  return lines.map(({ stage, status }) => `${stage} ${status}`)
}
