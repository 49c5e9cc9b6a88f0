import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { startBucketServer } from '#local/bucket/server.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateRequest } from '#local/replicate/seen-request.ts'
import { createGeneration, type Generation, readGeneration } from '#shared/documents/generations.ts'
import { readUsage, reserveQuota, type Usage } from '#shared/documents/quotas.ts'
import { recordRun } from '#shared/documents/replicate-runs.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { type JobRecord, jobId, jobRef } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { JobRunner } from '#shared/jobs/runner.ts'
import type { WakeRequest } from '#shared/jobs/wake.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { generationNames } from '#shared/trainings/training-jobs.ts'
import { generationPrefix } from '#shared/trainings/training-places.ts'
import type { GenerationDeps } from '../../../../../services/replicate-webhook/generation/generation-deps.ts'
import { generationJob } from '../../../../../services/replicate-webhook/generation/generation-job.ts'
import { runGeneration } from '../../../../../services/replicate-webhook/generation/run-generation.ts'
import { type CapturedLog, captureLog } from '../../../../support/captured-log.ts'
import { startTestDocuments } from '../../../../support/documents.ts'
import { startReceiver } from '../../../../support/receiver.ts'
import { startTrainings, type TrainingStandIn } from '../../../../support/training-stand-in.ts'
import { newGeneration } from '../../../../support/trainings.ts'
import { until } from '../../../../support/until.ts'

export const bucket = 'app-bucket'
export const userId = 'user-1'
const pollMs = 60_000
const createSearchMs = 180_000
const cancelAfterMs = 120_000

/** Told of everything that the job does outside of itself, before it is done and after; may throw. */
export type Crash = (moment: string) => Promise<void>

export interface GenerationWorld {
  db: Firestore
  store: ObjectStore
  replicate: TrainingStandIn
  log: CapturedLog
  woken: WakeRequest[]
  /** Webhooks that came; the test's receiver records them as the service does, unless it is deaf. */
  hearing: { isDeaf: boolean }
  /** Puts a generation, its quota and its job into the books. */
  order(change?: Partial<Generation>): Promise<Generation>
  /** One attempt at the job. */
  look(generation: Generation): Promise<Outcome>
  /** Looks again and again, a poll apart, until the job has ended. */
  finish(generation: Generation): Promise<Outcome>
  /** Moves the clock of Replicate and of the job on, and lets webhooks come. */
  pass(ms: number): Promise<void>
  read(generation: Generation): Promise<Generation | null>
  usage(): Promise<Usage>
  job(generation: Generation): Promise<JobRecord>
  objects(generation: Generation): Promise<string[]>
  /** Predictions that were created for its prompts, answered or not: each is billed. */
  created(generation: Generation): ReplicateRequest[]
  /** From now on, until it is set to null. */
  crash: { with: Crash | null }
  close(): Promise<void>
}

export async function startGenerationWorld(options: { maxFailures?: number } = {}): Promise<GenerationWorld> {
  const documents = await startTestDocuments()
  const dataDir = await mkdtemp(join(tmpdir(), 'generations-'))
  const bucketServer = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  await bucketServer.createBucket(bucket)
  const replicate = await startTrainings({ queueMs: 500, runMs: 2000, runsPerMinute: null })
  const version = await trainedVersion(replicate)
  const { clock } = replicate
  const log = captureLog()
  const now = () => new Date(clock.now())
  const hearing = { isDeaf: false }
  const receiver = await startReceiver(async ({ body }) => {
    if (hearing.isDeaf) return 503
    const { owner, ...run } = readWebhookBody(body)
    await documents.db.runTransaction(async (transaction) => {
      const { writes } = await recordRun(transaction, documents.db, { run, owner, now: now() })
      writes(transaction)
    })
    return 204
  })

  const crash: GenerationWorld['crash'] = { with: null }
  const tell = async (moment: string) => await crash.with?.(moment)
  const db = aroundMethods(documents.db, { runTransaction: 'transaction' }, tell)
  const storage = new Storage({ projectId: 'p', apiEndpoint: bucketServer.url, useAuthWithCustomEndpoint: false })
  const store = new ObjectStore(storage)
  const http = createHttpClient()
  const client = createReplicateClient({
    http,
    baseUrl: `${replicate.url}/v1`,
    apiToken: () => LOCAL_REPLICATE_TOKEN,
    timeouts: { headersMs: 500 },
    now: clock.now,
  })
  const deps: GenerationDeps = {
    db,
    store: aroundMethods(store, { write: 'write' }, tell),
    bucket,
    resultUrl: { kind: 'token', host: bucketServer.url },
    replicate: {
      predictions: aroundMethods(client.predictions, { create: 'create', get: 'get', cancel: 'cancel' }, tell),
      outputs: aroundMethods(client.outputs, { download: 'download' }, tell),
    },
    webhookUrl: receiver.url,
    pollMs,
    createSearchMs,
    cancelAfterMs,
    now,
    sleep: async () => {},
  }
  const woken: WakeRequest[] = []
  const runner: JobRunner = new JobRunner({
    db,
    definitions: [
      generationJob({
        db,
        store,
        bucket,
        jobs: { wake: (job) => runner.wake(job) },
        work: (run) => runGeneration(deps, run),
      }),
    ],
    wakeQueue: { wake: async (request) => void woken.push(request) },
    limits: {
      leaseMs: 60_000,
      maxFailures: options.maxFailures ?? 5,
      deadlineMs: 86_400_000,
      workBudgetMs: 60_000,
    },
    logger: log.logger,
    shutdown: new AbortController().signal,
  })

  const finished = new Set<string>()
  const unfinished = () =>
    replicate.requests.flatMap(({ endpoint, fault, runId }) =>
      endpoint === 'create' && runId !== null && fault !== 'never-ends' && !finished.has(runId) ? runId : [],
    )
  const isGoing = async (id: string) => {
    const { status } = await replicate.read(`/predictions/${id}`)
    if (/succeeded|failed|canceled|aborted/.test(String(status))) finished.add(id)
    return !finished.has(id)
  }
  let serial = 0
  const idOf = ({ id }: Generation) => jobId(generationNames.key({ generationId: id }))
  const world: GenerationWorld = {
    db: documents.db,
    store,
    replicate,
    log,
    woken,
    hearing,
    crash,
    async order(change = {}) {
      const id = change.id ?? `generation-${++serial}`
      const at = Timestamp.fromDate(now())
      const prompts = [`${id} by day`, `${id} by night`]
      const generation = newGeneration(id, { userId, version, prompts, createdAt: at, updatedAt: at, ...change })
      await documents.db.runTransaction(async (transaction) => {
        const usage = await readUsage(transaction, documents.db, userId)
        const amount = generation.prompts.length
        const input = { generationId: id, userId }
        const job = newJob(documents.db, {
          names: generationNames,
          input,
          deadlineMs: 86_400_000,
          now: Timestamp.now(),
          dueAt: Timestamp.now(),
        })
        const reserved = { quota: 'generations', key: id, amount, now: now() } as const
        if (generation.trainingId === null) reserveQuota(documents.db, usage, reserved)(transaction)
        createGeneration(documents.db, generation)(transaction)
        job.writes(transaction)
      })
      return generation
    },
    look: (generation) => runner.resume(idOf(generation)),
    async finish(generation) {
      for (let looks = 0; looks < 60; looks++) {
        const outcome = await runner.resume(idOf(generation))
        if (!['woken-later', 'try-again', 'held'].includes(outcome.kind)) return outcome
        await world.pass(pollMs)
      }
      throw new Error('The generation does not end.')
    },
    async pass(ms) {
      clock.advance(ms)
      // Pictures are painted in real time: a clock that runs ahead of it would let every deadline pass meanwhile.
      await until(async () => {
        const going = await Promise.all(unfinished().map(async (id) => await isGoing(id)))
        if (!going.includes(true)) return true
        clock.advance(500)
        return false
      }, 1)
      await replicate.webhooksSent()
    },
    read: (generation) => readGeneration(null, documents.db, generation.id),
    usage: () => readUsage(null, documents.db, userId),
    job: async (generation) => (await jobRef(documents.db, idOf(generation)).get()).data() as JobRecord,
    async objects(generation) {
      const names: string[] = []
      for await (const { name } of store.list(bucket, generationPrefix(generation))) names.push(name)
      return names
    },
    created: ({ prompts }) =>
      replicate.requests.filter(
        ({ endpoint, charged, input }) => endpoint === 'create' && charged && prompts.includes(String(input.prompt)),
      ),
    async close() {
      http.close()
      await replicate.close()
      await receiver.close()
      await bucketServer.close()
      await documents.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  return world
}

/** A training, so that there is a model to run. */
async function trainedVersion(replicate: TrainingStandIn): Promise<string> {
  const { id } = await replicate.train()
  const { output } = (await replicate.finish(id)) as { output: { version: string } }
  return output.version
}

/** The same object, with word of some of its methods before and after each call. */
function aroundMethods<T extends object>(target: T, methods: Record<string, string>, tell: Crash): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function') return value
      const called = methods[String(name)]
      if (called === undefined) return value.bind(object)
      return async (...args: unknown[]) => {
        await tell(`before ${called}`)
        const result: unknown = await value.apply(object, args)
        await tell(`after ${called}`)
        return result
      }
    },
  })
}
