import { setTimeout as delay } from 'node:timers/promises'
import type { DocumentData, Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import type { BucketServer } from '#local/bucket/server.ts'
import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { type CivitaiStandIn, startCivitai } from '#local/civitai/server.ts'
import type { FileHost, FileHostOptions } from '#local/file-host/server.ts'
import { type HuggingFaceStandIn, startHuggingFace } from '#local/huggingface/server.ts'
import { sendRequest } from '#local/send-request.ts'
import { freePort } from '#local/service-process.ts'
import { startTaskServer, type TaskServer } from '#local/tasks/server.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { type DocumentEvent, documentWritten } from './document-events.ts'
import { type FileHosts, startFileHosts } from './file-hosts.ts'
import { type GoogleSideOptions, startGoogleSide } from './google-side.ts'
import type { KillProxy } from './kill-proxy.ts'
import { type ServiceUnderTest, startInstance } from './service-under-test.ts'
import { taskRetry } from './task-retry.ts'
import { until } from './until.ts'

export const modelsBucket = 'models-bucket'

export interface SyncWorldOptions extends Omit<GoogleSideOptions, 'buckets'> {
  /** More variables for the service. */
  env?: Record<string, string>
  /** Without one every "later" is a redelivery. Default true. */
  taskQueue?: boolean
  fileHost?: FileHostOptions
  /** How many there are, each at an origin of its own. Default 1. */
  fileHosts?: number
  /** A bundle to run in place of the service's source. */
  main?: string
}

/** Model sync as a process of its own, with everything around it that it has in the cloud. */
export interface SyncWorld {
  bucket: BucketServer
  storage: Storage
  db: Firestore
  /** The first of `fileHosts`. */
  fileHost: FileHost
  fileHosts: FileHosts
  civitai: CivitaiStandIn
  huggingface: HuggingFaceStandIn
  tasks: TaskServer | null
  proxy: KillProxy | null
  service: ServiceUnderTest
  /** Every object that was ever finalized, in order. */
  finalized: readonly string[]
  /** Writes a model as the app does and returns the event of it. */
  write(modelId: string, fields: DocumentData | null): Promise<DocumentEvent>
  /** Delivers until it is acknowledged, as a subscription does; without its backoff. Returns the statuses. */
  deliver(event: DocumentEvent, to?: ServiceUnderTest): Promise<number[]>
  /** `write`, `deliver`, and waits until the model no longer says `syncing`. Returns the document. */
  sync(modelId: string, fields: DocumentData): Promise<DocumentData>
  /** Waits until the model no longer says `syncing`. */
  settled(modelId: string): Promise<DocumentData>
  /** Names in the models bucket: all, or those below a prefix. */
  objects(prefix?: string): Promise<string[]>
  jobs(kind: 'sync' | 'copy'): Promise<(JobRecord & { id: string })[]>
  startAnotherInstance(): Promise<ServiceUnderTest>
  /** Which instance tasks go to from now on; at first that is `service`. */
  routeTasks(to: ServiceUnderTest): void
  killService(): Promise<void>
  restartService(): Promise<void>
  close(): Promise<void>
}

export async function startSyncWorld(options: SyncWorldOptions): Promise<SyncWorld> {
  const finalized: string[] = []
  const google = await startGoogleSide({
    ...options,
    buckets: [modelsBucket],
    onObjectChange(change) {
      if (change.type === 'finalized') finalized.push(change.object.name)
      options.onObjectChange?.(change)
    },
  })
  const { projectId, bucket, storage, db, proxy } = google
  let tasksGoTo: ServiceUnderTest | null = null
  const atInstance = ({ pathname, search }: URL) => new URL(`${pathname}${search}`, (tasksGoTo ?? service).url)
  const fileHosts = await startFileHosts(options.fileHosts ?? 1, options.fileHost)
  const fileHost = fileHosts.all[0]!
  const civitai = await startCivitai({ fileHost: fileHosts.storage })
  const huggingface = await startHuggingFace({ fileHost: fileHosts.storage })
  const tasks =
    options.taskQueue === false
      ? null
      : await startTaskServer({
          port: 0,
          dataDir: null,
          retry: taskRetry,
          send: (request, signal) => sendRequest({ ...request, url: atInstance(request.url) }, signal),
        })
  const env: Record<string, string> = {
    ...google.env,
    MODELS_STORAGE_BUCKET: modelsBucket,
    CIVITAI_API_KEY: LOCAL_CIVITAI_TOKEN,
    CIVITAI_BASE_URL: civitai.url,
    CIVITAI_REQUESTS_PER_MINUTE: '6000',
    HF_BASE_URL: huggingface.url,
    FETCH_ALLOW_HOSTS: [...fileHosts.all, huggingface].map(({ url }) => new URL(url).host).join(','),
    SYNC_PART_BYTES: String(256 * 1024),
    SYNC_COPY_WAIT_MS: '1000',
    LEASE_MS: '3000',
    ...options.env,
  }
  // One address for the life of the service, as Cloud Run has: tasks go to it whichever instance made them.
  const port = await freePort()
  if (tasks) {
    env.TASKS_BASE_URL = tasks.url
    env.TASKS_QUEUE = `projects/${projectId}/locations/local/queues/wake`
    env.TASKS_SERVICE_ACCOUNT = 'tasks@test.iam.gserviceaccount.com'
    env.SERVICE_URL = `http://127.0.0.1:${port}`
  }
  const own = options.main === undefined ? { env } : { env, main: options.main }
  let service = await startInstance('model-sync', { ...own, port })
  const others: ServiceUnderTest[] = []

  const read = async (modelId: string) => await db.doc(`ai_models/${modelId}`).get()
  const world: SyncWorld = {
    bucket,
    storage,
    db,
    fileHost,
    fileHosts,
    civitai,
    huggingface,
    tasks,
    proxy,
    finalized,
    get service() {
      return service
    },
    async write(modelId, fields) {
      const before = await read(modelId)
      if (fields === null) await before.ref.delete()
      else await before.ref.set(fields, { merge: true })
      return documentWritten(projectId, before, await read(modelId))
    },
    async deliver(event, to) {
      const statuses: number[] = []
      await until(async () => {
        const url = (to ?? service).url
        const answer = await fetch(url, { method: 'POST', headers: event.headers, body: event.body }).catch(() => null)
        statuses.push(answer?.status ?? 0)
        if (answer?.ok || answer?.status === 400) return true
        await delay(50)
        return false
      })
      return statuses
    },
    async sync(modelId, fields) {
      const event = await world.write(modelId, { syncStatus: 'syncing', ...fields })
      await world.deliver(event)
      return await world.settled(modelId)
    },
    async settled(modelId) {
      const { promise, resolve } = Promise.withResolvers<DocumentData>()
      const stop = db.doc(`ai_models/${modelId}`).onSnapshot((snapshot) => {
        const data = snapshot.data()
        if (data && data.syncStatus !== 'syncing') resolve(data)
      })
      try {
        return await promise
      } finally {
        stop()
      }
    },
    async objects(prefix = '') {
      const [files] = await storage.bucket(modelsBucket).getFiles({ prefix })
      return files.map(({ name }) => name)
    },
    async jobs(kind) {
      const { docs } = await db.collection('jobs').where('kind', '==', kind).get()
      return docs.map((found) => ({ ...(found.data() as JobRecord), id: found.id }))
    },
    async startAnotherInstance() {
      const other = await startInstance('model-sync', own)
      others.push(other)
      return other
    },
    routeTasks(to) {
      tasksGoTo = to
    },
    async killService() {
      service.child.kill('SIGKILL')
      await service.exited
    },
    async restartService() {
      await service.exited
      // Known at once: it may have to be killed before it is ready.
      await startInstance('model-sync', { ...own, port, onSpawn: (spawned) => (service = spawned) })
    },
    async close() {
      for (const { child } of [...others, service]) child.kill('SIGKILL')
      for (const { exited } of [...others, service]) await exited
      await tasks?.close()
      await google.close()
      await civitai.close()
      await huggingface.close()
      await fileHosts.close()
    },
  }
  return world
}
