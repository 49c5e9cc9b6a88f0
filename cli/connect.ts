import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Firestore } from '@google-cloud/firestore'
import type { Config } from '#shared/config/environment.ts'
import { ConfigError } from '#shared/errors/app-error.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'

/** The services that have a reconciler. */
export type ReconciledService = 'image-worker' | 'model-sync' | 'replicate-webhook' | 'api'

/** A project, reached with the rights of whoever sits there. */
export interface Connection {
  config: Config<'forge'>
  db: Firestore
  store: ObjectStore
  jobs: JobRequests
  /** False where nothing but a reconciler can start what is asked for. */
  hasQueue: boolean
  close(): Promise<void>
}

/**
 * Connects as the environment says; `local` means the servers of `npm run dev`, whatever else is set. Jobs are those of
 * `service`: the image worker's unless another is named.
 * @throws ConfigError with everything that is missing.
 */
export async function connect(options: { local: boolean; service?: ReconciledService }): Promise<Connection> {
  await prepareEnvironment(options)
  const { loadConfig } = await import('#shared/config/load.ts')
  const config = loadConfig('forge', process.env)
  // What takes long to load is loaded once the environment is known to be right.
  const [{ db, projectId, credentials }, { createStorage }, { ObjectStore }, { createWakeQueue }, jobRequests] =
    await Promise.all([
      openDocuments(config),
      import('#shared/objects/storage.ts'),
      import('#shared/objects/object-store.ts'),
      import('#shared/jobs/create-wake-queue.ts'),
      import('#shared/jobs/job-requests.ts'),
    ])
  const wakeQueue = createWakeQueue(config)
  return {
    config,
    db,
    store: new ObjectStore(createStorage({ projectId, credentials })),
    jobs: jobRequests.createJobRequests({ db, wakeQueue, deadlineMs: config.JOB_DEADLINE_MS }),
    hasQueue: wakeQueue !== null,
    close: () => db.terminate(),
  }
}

/** Connects for one piece of work, and closes the connection whatever comes. @throws as `connect` and the work do. */
export async function withConnection<T>(
  options: Parameters<typeof connect>[0],
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options)
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

/** What is needed for models: no bucket of the app, no queue. */
export interface ModelConnection {
  config: Config<'model-sync'>
  db: Firestore
  jobs: JobRequests
  close(): Promise<void>
}

/**
 * Connects with the variables of model sync. Jobs are due at once: the document's own event starts them, or a reconciler, or
 * a worker. Not a queue, because the one in an operator's environment calls the image worker.
 * @throws ConfigError with everything that is missing.
 */
export async function connectToModels(options: { local: boolean }): Promise<ModelConnection> {
  await prepareEnvironment(options)
  const { loadConfig } = await import('#shared/config/load.ts')
  const config = loadConfig('model-sync', process.env)
  const [{ db }, { createJobRequests }] = await Promise.all([
    openDocuments(config),
    import('#shared/jobs/job-requests.ts'),
  ])
  const jobs = createJobRequests({ db, wakeQueue: null, deadlineMs: config.JOB_DEADLINE_MS })
  return { config, db, jobs, close: () => db.terminate() }
}

/** Makes `process.env` what Google's clients should see; `local` means the servers of `npm run dev`. */
export async function prepareEnvironment(options: { local: boolean; service?: ReconciledService }): Promise<void> {
  if (options.local) await useLocalCloud(options.service ?? 'image-worker')
  // Off Google Cloud each client would look for the metadata server first, for seconds; a machine of Google's says so itself.
  process.env.METADATA_SERVER_DETECTION ??= process.env.FIRESTORE_EMULATOR_HOST ? 'none' : 'bios-only'
}

type DocumentsConfig = Pick<
  Config,
  'GOOGLE_CLOUD_PROJECT' | 'FIRESTORE_DATABASE' | 'FIRESTORE_EMULATOR_HOST' | 'FIREBASE_SERVICE_ACCOUNT_KEY'
>

/**
 * A client for the project's documents.
 * @throws ConfigError `forge.nobody-there` where a local server is meant and none answers; as `requireGoogleSignIn` does.
 */
export async function openDocuments(config: DocumentsConfig) {
  if (config.FIRESTORE_EMULATOR_HOST !== null) await requireListener(config.FIRESTORE_EMULATOR_HOST)
  const [{ createFirestore }, { serviceAccountKey }] = await Promise.all([
    import('#shared/documents/firestore.ts'),
    import('#shared/secrets/service-account-key.ts'),
  ])
  const credentials = await serviceAccountKey(config.FIREBASE_SERVICE_ACCOUNT_KEY)
  if (config.FIRESTORE_EMULATOR_HOST === null && credentials === null) {
    const { requireGoogleSignIn } = await import('./google-sign-in.ts')
    await requireGoogleSignIn()
  }
  const projectId = config.GOOGLE_CLOUD_PROJECT
  return {
    db: createFirestore({ projectId, databaseId: config.FIRESTORE_DATABASE, credentials }),
    projectId,
    credentials,
  }
}

const connectTimeoutMs = 3_000

/** The Firestore client tries for most of a minute before it says that nobody is there. */
async function requireListener(host: string): Promise<void> {
  const { connect: connectSocket } = await import('node:net')
  const url = new URL(`http://${host}`)
  const socket = connectSocket({ host: url.hostname, port: Number(url.port), timeout: connectTimeoutMs })
  try {
    await Promise.race([
      once(socket, 'connect'), // rejects on 'error'
      once(socket, 'timeout').then(() => Promise.reject(new Error('no answer'))),
    ])
  } catch (cause) {
    throw new ConfigError({
      code: 'forge.nobody-there',
      message: `Nothing answers at ${host} (FIRESTORE_EMULATOR_HOST). \`npm run dev\` starts the local cloud.`,
      cause,
    })
  } finally {
    socket.destroy()
  }
}

/** The same environment that `npm run dev` gives its services, keys in `.env` included. */
async function useLocalCloud(service: ReconciledService): Promise<void> {
  const { defaultPorts, defaultServers, localEnvironment } = await import('#local/environment.ts')
  const { defaultServiceUrl } = await import('#local/services.ts')
  const dotEnv = new URL('../.env', import.meta.url)
  if (existsSync(dotEnv)) process.loadEnvFile(dotEnv)
  const tasksUrl = `http://127.0.0.1:${defaultPorts.tasks}`
  const local = localEnvironment({
    ...defaultServers,
    // As `npm run dev` does: a Firestore that runs already is used instead of its own.
    documentsHost: process.env.FIRESTORE_EMULATOR_HOST ?? defaultServers.documentsHost,
    tasksUrl,
    jwksUrl: `${tasksUrl}/jwks.json`,
    serviceUrl: defaultServiceUrl(service),
  })
  Object.assign(process.env, local, { REPLICATE_WEBHOOK_URL: defaultServiceUrl('replicate-webhook') })
}
