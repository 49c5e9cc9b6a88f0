import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lockDirectory } from '../directory-lock.ts'
import { answerControl } from '../fault-control.ts'
import { readBody } from '../stand-in-server.ts'
import { answerCall } from './answer.ts'
import { type BucketFaults, createBucketFaults, faultOrder } from './faults.ts'
import { text } from './http/reply.ts'
import { type Route, route } from './http/router.ts'
import { type ObjectResource, objectResource } from './metadata/resource.ts'
import { aclRoutes } from './routes/acl-routes.ts'
import { bucketAclRoutes } from './routes/bucket-acl-routes.ts'
import { bucketRoutes, newBucketRecord } from './routes/bucket-routes.ts'
import { composeRoutes } from './routes/compose-routes.ts'
import { copyRoutes } from './routes/copy-routes.ts'
import { firebaseRoutes } from './routes/firebase-routes.ts'
import { objectRoutes } from './routes/object-routes.ts'
import { uploadRoutes } from './routes/upload-routes.ts'
import { xmlRoutes } from './routes/xml-routes.ts'
import { SigningKeys } from './signing/signing-keys.ts'
import type { Durability } from './storage/durable-file.ts'
import { ObjectStore, type StoredChange } from './storage/object-store.ts'
import { UploadSessions } from './uploads/upload-sessions.ts'

export type { ObjectResource } from './metadata/resource.ts'

/** A change of an object as a bucket's notifications tell it. `archived` needs versioning, which is not kept here. */
export interface ObjectChange {
  type: 'finalized' | 'deleted' | 'archived' | 'metadataUpdated'
  bucket: string
  /** The JSON API's resource as it was right after the change; of a deletion, the deleted one. */
  object: ObjectResource
}

export interface BucketServerOptions {
  /** 0 for any free port. */
  port: number
  /** Default: loopback only. */
  host?: string
  dataDir: string
  /** Called once a change is durable, before its caller has the answer. */
  onChange?: (change: ObjectChange) => void
  now?: () => Date
  /** Default `fsync`; `process` is quicker and outlives a killed server, not a power cut. */
  durability?: Durability
  /** Told of failures that are the server's own; default: standard error. */
  onError?: (error: unknown) => void
}

export interface BucketServer {
  url: string
  port: number
  /** What goes wrong on demand; other processes order it at `/_control/faults` or by the header `x-fault`. */
  faults: BucketFaults
  /** Creates a bucket where there is none of that name. */
  createBucket(name: string): Promise<void>
  /** Lets the holder of the private half sign URLs. Takes an RSA key in PEM. */
  registerKey(pem: string): Promise<void>
  close(): Promise<void>
}

const MAX_CONTROL_BYTES = 1024 * 1024

/** Starts a server that speaks Cloud Storage's JSON API, with all state under `dataDir`. @throws Error when another has the directory, or the port. */
export async function startBucketServer(options: BucketServerOptions): Promise<BucketServer> {
  const { dataDir } = options
  await mkdir(dataDir, { recursive: true })
  // Before anything is read: what looks like leftovers may be another server's work.
  const unlock = lockDirectory(dataDir, 'bucket server')
  try {
    return await startLocked(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function startLocked(options: BucketServerOptions, unlock: () => void): Promise<BucketServer> {
  const { dataDir, onChange, now = () => new Date(), durability = 'fsync', onError = console.error } = options
  let url = ''
  const announce = (change: StoredChange): void => {
    try {
      onChange?.({ type: change.type, bucket: change.record.bucket, object: objectResource(change.record, url) })
    } catch (error) {
      onError(error)
    }
  }
  const store = await ObjectStore.open({ dataDir, durability, now, onChange: announce })
  const sessions = await UploadSessions.open({ dataDir, store, now })
  const keys = await SigningKeys.open(dataDir)
  await sweepContent(store, sessions)

  const routes: Route[] = [
    route('GET', '/', () => text('Ok\n', 200)),
    ...objectRoutes(store),
    ...uploadRoutes(store, sessions),
    ...copyRoutes(store),
    ...composeRoutes(store),
    ...aclRoutes(store),
    ...bucketAclRoutes(store),
    ...bucketRoutes(store, now),
    ...firebaseRoutes(store),
    ...xmlRoutes({ store, sessions, keys, now }),
  ]
  const faults = createBucketFaults()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = request
    if (!path.startsWith('/_control/')) return answerCall({ routes, faults, onError }, request, response)
    const body = (await readBody(request, MAX_CONTROL_BYTES)) ?? Buffer.alloc(0)
    answerControl({ method, path, body, response, faults, faultOrder, requests: [] })
  }
  const active = new Set<Promise<void>>()
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answering = answer(request, response)
      .catch(() => void response.destroy())
      .finally(() => active.delete(answering))
    active.add(answering)
  })
  // An upload may take hours; and a pause between two requests must not race with the client's reuse of the connection.
  server.requestTimeout = 0
  server.keepAliveTimeout = 120_000
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(options.port, options.host ?? '127.0.0.1', resolve)
  await listening
  const { port, address } = server.address() as AddressInfo
  url = `http://${address}:${port}`

  return {
    url,
    port,
    faults,
    async createBucket(name) {
      if (!store.hasBucket(name)) await store.createBucket(newBucketRecord({ name }, '', now()))
    },
    registerKey: (pem) => keys.register(pem),
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeAllConnections()
      await closed
      await Promise.allSettled(active)
      await sessions.close()
      await store.close()
      unlock()
    },
  }
}

/** Removes what a killed server left behind: content that never became an object, or was about to be removed. */
async function sweepContent(store: ObjectStore, sessions: UploadSessions): Promise<void> {
  const named = new Set(sessions.segmentIds())
  for (const { content } of store.records()) {
    for (const { id } of content.segments) named.add(id)
  }
  await store.content.sweep((id) => named.has(id))
}
