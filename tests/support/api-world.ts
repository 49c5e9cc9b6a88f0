import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Firestore } from '@google-cloud/firestore'
import * as z from 'zod'
import { type BucketServer, startBucketServer } from '#local/bucket/server.ts'
import {
  internalCaller,
  localBuckets,
  localEnvironment,
  localProject,
  trainingEnvironment,
} from '#local/environment.ts'
import { type Identity, openIdentity } from '#local/identity/identity.ts'
import { openServiceAccount } from '#local/identity/service-account.ts'
import { startTaskServer, type TaskServer } from '#local/tasks/server.ts'
import { loadConfig } from '#shared/config/load.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { type ApiParts, createApi } from '../../services/api/app.ts'
import { endpoints } from '../../services/api/endpoints/endpoints.ts'
import { errorsOf } from '../../services/api/http/openapi/responses.ts'
import type { ApiAnswer } from './api-answer.ts'
import { type CapturedLog, captureLog } from './captured-log.ts'
import { mayRefuse } from './described-refusals.ts'
import { type StartDocuments, startTestDocuments } from './documents.ts'

/** Where the api believes itself to be: nobody listens there, its tasks are only looked at. */
const apiUrl = 'http://127.0.0.1:9'
const webhookUrl = 'http://127.0.0.1:10'
const modelSyncUrl = 'http://127.0.0.1:11'

export interface ApiCall {
  /** A token, or null for none. */
  token: string | null
  method?: string
  path: string
  body?: unknown
  headers?: Record<string, string>
}

/** One instance of the api in this process. */
export interface ApiInstance {
  url: string
  log: CapturedLog
  call(call: ApiCall): Promise<ApiAnswer>
  close(): Promise<void>
}

/** What the api has around it, with nobody who does its jobs: what it answers and writes stays as it was written. */
export interface ApiWorld {
  db: Firestore
  store: ObjectStore
  bucket: BucketServer
  tasks: TaskServer
  identity: Identity
  /** The tasks that were sent, as the paths that they would call, in order. */
  woken: readonly string[]
  /** A new user's token; `claims` are custom ones, as `operator`. */
  signIn(uid?: string, claims?: Record<string, unknown>): Promise<{ uid: string; token: string }>
  /** Puts photos where an upload would. @returns their object names */
  putPhotos(uid: string, contents: readonly string[]): Promise<string[]>
  start(env?: Record<string, string>, parts?: ApiParts): Promise<ApiInstance>
  close(): Promise<void>
}

export async function startApiWorld(
  options: {
    documents?: StartDocuments
    /** Of the tokens, and of every instance. */
    now?: () => number
  } = {},
): Promise<ApiWorld> {
  const { documents: startDocuments = startTestDocuments, now = Date.now } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'api-world-'))
  const documents = await startDocuments()
  const bucket = await startBucketServer({ port: 0, dataDir: join(dataDir, 'bucket'), durability: 'process' })
  for (const name of Object.values(localBuckets)) await bucket.createBucket(name)
  const account = await openServiceAccount({ dataDir, projectId: localProject })
  await bucket.registerKey(account.publicKey)
  const identity = await openIdentity({ dataDir: null, now })
  const woken: string[] = []
  const tasks = await startTaskServer({
    port: 0,
    dataDir: null,
    identity,
    send: async ({ url }) => {
      woken.push(url.href)
      return { status: 204 }
    },
  })
  const worldEnv: Record<string, string> = {
    ...localEnvironment({
      bucketUrl: bucket.url,
      documentsHost: documents.host,
      civitaiUrl: apiUrl,
      huggingfaceUrl: apiUrl,
      fileHostUrl: apiUrl,
      tasksUrl: tasks.url,
      jwksUrl: tasks.jwksUrl,
      serviceUrl: apiUrl,
    }),
    ...trainingEnvironment({
      bucketUrl: bucket.url,
      replicateUrl: apiUrl,
      jwksUrl: tasks.jwksUrl,
      replicateWebhookUrl: webhookUrl,
      keyFile: account.keyFile,
    }),
    MODEL_SYNC_URL: modelSyncUrl,
    REQUESTS_PER_MINUTE: '0',
    TRAINING_COOLDOWN_MS: '0',
  }
  // Google's clients read these from the process, in the services and here.
  for (const name of ['STORAGE_EMULATOR_HOST', 'FIRESTORE_EMULATOR_HOST', 'GOOGLE_APPLICATION_CREDENTIALS']) {
    process.env[name] = worldEnv[name]
  }
  const { createFirestore } = await import('#shared/documents/firestore.ts')
  const db = createFirestore({ projectId: localProject, databaseId: '(default)' })
  const store = new ObjectStore(createStorage({ projectId: localProject }))
  const instances: ApiInstance[] = []

  return {
    db,
    store,
    bucket,
    tasks,
    identity,
    woken,
    async signIn(uid = `user-${randomUUID().slice(0, 8)}`, claims = {}) {
      const token = await identity.mintUser({ projectId: localProject, uid, email: `${uid}@example.com`, claims })
      return { uid, token }
    },
    async putPhotos(uid, contents) {
      const put = contents.map(async (content) => {
        const name = `training-uploads/${uid}/${randomUUID()
          .replace(/[-0189]/g, '')
          .padEnd(20, 'a')
          .slice(0, 20)}.jpg`
        const bytes = Buffer.from(content)
        await store.write({ bucket: localBuckets.work, name, bytes, contentType: 'image/jpeg', ifGeneration: '0' })
        return name
      })
      return await Promise.all(put)
    },
    async start(env = {}, parts = {}) {
      const instance = await startApi({ ...worldEnv, ...env }, { now: () => new Date(now()), ...parts })
      instances.push(instance)
      return instance
    },
    async close() {
      for (const instance of instances) await instance.close()
      await tasks.close()
      await db.terminate()
      await bucket.close()
      await documents.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The bearer of Cloud Tasks and Cloud Scheduler. */
export async function internalToken(identity: Identity): Promise<string> {
  return await identity.mint({ audience: apiUrl, email: internalCaller })
}

async function startApi(env: Record<string, string>, parts: ApiParts): Promise<ApiInstance> {
  const log = captureLog()
  const ending: (() => Promise<void> | void)[] = []
  const shutdown = new AbortController()
  const listener = createApi(
    {
      config: loadConfig('api', env),
      logger: log.logger,
      shutdown: shutdown.signal,
      onShutdown: (_name, run) => ending.push(run),
      afterFirstAnswer: () => {},
    },
    parts,
  )
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    log,
    async call(call) {
      const answer = await send(url, call)
      checkAnswer(call, answer)
      return answer
    },
    async close() {
      shutdown.abort()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const run of ending.toReversed()) await run()
    },
  }
}

const errorShape = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), details: z.unknown() }),
})

/** Whatever a test is about: the answer is one that the endpoint's description allows. */
function checkAnswer(call: ApiCall, answer: ApiAnswer): void {
  const method = call.method ?? (call.body === undefined ? 'GET' : 'POST')
  const { pathname } = new URL(call.path, apiUrl)
  const endpoint = endpoints.find(
    (one) =>
      one.method === method.toLowerCase() && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
  if (answer.status >= 400) errorShape.parse(answer.body)
  if (endpoint === undefined) return
  const allowed = [...Object.keys(endpoint.answers).map(Number), ...errorsOf(endpoint)]
  if (!allowed.includes(answer.status))
    throw new Error(`${endpoint.id} answered ${answer.status}, which it does not say.`)
  const code: string = answer.body?.error?.code ?? ''
  if (answer.status >= 400 && !mayRefuse(answer.status, code))
    throw new Error(`${endpoint.id} answered ${answer.status} ${code}, which the document does not say.`)
  endpoint.answers[answer.status]?.schema.parse(answer.body)
}

async function send(url: string, { token, method, path, body, headers = {} }: ApiCall): Promise<ApiAnswer> {
  const hasBody = body !== undefined
  const answer = await fetch(new URL(path, url), {
    method: method ?? (hasBody ? 'POST' : 'GET'),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(hasBody ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
}
