import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '#shared/logging/logger.ts'
import { type BucketServer, startBucketServer } from './bucket/server.ts'
import { type ClipDropStandIn, startClipDrop } from './clipdrop/server.ts'
import { createClock } from './clock.ts'
import { lockDirectory } from './directory-lock.ts'
import { readIndexFile } from './documents/indexes/declared.ts'
import { type DocumentChange, type DocumentServer, startDocumentServer } from './documents/server.ts'
import { type defaultPorts, localBuckets, localEnvironment, localProject, trainingEnvironment } from './environment.ts'
import { createEventDelivery, type EventDelivery } from './events/delivery.ts'
import { startDocumentRelay } from './events/relay/document-relay.ts'
import type { Trigger } from './events/trigger.ts'
import { type Identity, openIdentity } from './identity/identity.ts'
import { type SignInStandIn, startSignIn } from './identity/server.ts'
import { openServiceAccount } from './identity/service-account.ts'
import { type ModelHubs, startModelHubs } from './model-hubs.ts'
import { type ReplicateStandIn, startReplicate } from './replicate/server.ts'
import { startTaskServer, type TaskServer } from './tasks/server.ts'

export * from './environment.ts'

/** Where each server listens; 0 for any free port. */
export type CloudPorts = Record<Exclude<keyof typeof defaultPorts, 'services'>, number>

/** For a cloud beside others: a demo, a test. */
export const anyPorts: CloudPorts = {
  bucket: 0,
  documents: 0,
  tasks: 0,
  clipdrop: 0,
  replicate: 0,
  civitai: 0,
  huggingface: 0,
  fileHost: 0,
  signIn: 0,
}

export interface CloudOptions {
  /** Everything that lasts lies below it. */
  dataDir: string
  ports: CloudPorts
  /** Service URLs by trigger; known before the services run, since ports are chosen first. */
  triggers: readonly Trigger[]
  /** A Firestore that the user runs already (FIRESTORE_EMULATOR_HOST); then none is started here. */
  documentsHost: string | null
  logger: Logger
  /** Whether a query is refused, as in production, that needs an index which infra/ does not declare; else it is warned of. */
  refusesUnindexed?: boolean
  /** How many times faster waiting passes; 1 is the real cloud's pace. */
  timeScale?: number
}

/** The cloud on one machine: what Google and the providers are to the services. */
export interface LocalCloud {
  bucket: BucketServer
  documentsHost: string
  delivery: EventDelivery
  tasks: TaskServer
  clipdrop: ClipDropStandIn
  replicate: ReplicateStandIn
  hubs: ModelHubs
  identity: Identity
  /** Where users sign in by a password: for those who try it out, since the local cloud's user needs none. */
  signIn: SignInStandIn
  /** The environment of a service that is reached at `serviceUrl`. */
  environmentFor(serviceUrl: string): Record<string, string>
  /** What api and replicate-webhook get besides. */
  trainingEnvironment(replicateWebhookUrl: string): Record<string, string>
  close(): Promise<void>
}

/** What our deployment makes in production. */
const indexFile = fileURLToPath(new URL('../infra/firestore.indexes.json', import.meta.url))

/** Eventarc's subscriptions are set to 600 s by our deployment; the local cloud keeps to that. */
const ackDeadlineMs = 600_000

/** Starts every server of the local cloud. What had started is closed again when one of them cannot. */
export async function startCloud(options: CloudOptions): Promise<LocalCloud> {
  const { dataDir, ports, logger } = options
  const opened: { close(): Promise<void> | void }[] = []
  const keep = <T extends { close(): Promise<void> | void }>(server: T): T => {
    opened.push(server)
    return server
  }
  const close = async () => {
    for (const server of opened.toReversed()) await server.close()
  }
  try {
    mkdirSync(dataDir, { recursive: true })
    // Before anything is read: the queues too are one cloud's alone.
    keep({ close: lockDirectory(dataDir, 'local cloud') })
    const clock = createClock(options.timeScale ?? 1)
    const identity = await openIdentity({ dataDir })
    const delivery = keep(
      createEventDelivery({
        dataDir: join(dataDir, 'events'),
        triggers: options.triggers,
        clock,
        ackDeadlineMs,
        log: logger,
      }),
    )
    const bucket = keep(
      await startBucketServer({
        port: ports.bucket,
        dataDir: join(dataDir, 'bucket'),
        onChange: (change) => delivery.publishObject(change),
      }),
    )
    for (const name of Object.values(localBuckets)) await bucket.createBucket(name)
    const account = await openServiceAccount({ dataDir, projectId: localProject })
    await bucket.registerKey(account.publicKey)
    const documentsHost =
      options.documentsHost ??
      keep<DocumentServer>(
        await startDocumentServer({
          port: ports.documents,
          dataDir: join(dataDir, 'documents'),
          onChange: (change) => delivery.publishDocument(change),
          indexes: {
            declared: readIndexFile(indexFile),
            onMissing: options.refusesUnindexed ? 'refuse' : (message) => logger.warn(message),
          },
        }),
      ).host
    if (options.documentsHost !== null) {
      const { documentsHost: host, triggers } = options
      const onChange = (change: DocumentChange) => delivery.publishDocument(change)
      keep(await startDocumentRelay({ host, projectId: localProject, triggers, onChange, log: logger }))
    }
    const tasks = keep(await startTaskServer({ port: ports.tasks, dataDir: join(dataDir, 'tasks'), identity, clock }))
    const clipdrop = keep(await startClipDrop({ port: ports.clipdrop, requestsPerMinute: null }))
    const replicate = keep(
      await startReplicate({ port: ports.replicate, runsPerMinute: null, clock, dataDir: join(dataDir, 'replicate') }),
    )
    const hubs = keep(await startModelHubs(ports))
    const signIn = keep(await startSignIn({ port: ports.signIn, identity, projectId: localProject }))

    const environmentFor = (serviceUrl: string) =>
      localEnvironment({
        bucketUrl: bucket.url,
        documentsHost,
        civitaiUrl: hubs.civitai.url,
        huggingfaceUrl: hubs.huggingface.url,
        fileHostUrl: hubs.fileHost.url,
        tasksUrl: tasks.url,
        jwksUrl: tasks.jwksUrl,
        serviceUrl,
      })
    return {
      bucket,
      documentsHost,
      delivery,
      tasks,
      clipdrop,
      replicate,
      hubs,
      identity,
      signIn,
      environmentFor,
      trainingEnvironment: (replicateWebhookUrl) =>
        trainingEnvironment({
          bucketUrl: bucket.url,
          replicateUrl: replicate.url,
          jwksUrl: tasks.jwksUrl,
          replicateWebhookUrl,
          keyFile: account.keyFile,
        }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
