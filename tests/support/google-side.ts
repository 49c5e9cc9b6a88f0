import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Firestore } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { type BucketServer, type ObjectChange, startBucketServer } from '#local/bucket/server.ts'
import { connectFirestore, type StartDocuments } from './documents.ts'
import { type KillProxy, startKillProxy } from './kill-proxy.ts'

export interface GoogleSideOptions {
  documents: StartDocuments
  buckets: readonly string[]
  /** One of its own where nothing is said, so that worlds can share a document server. */
  projectId?: string
  /** Puts a proxy between the service and the bucket server. */
  killProxy?: boolean
  /** Another one in its place. */
  bucketProxy?: (target: string) => Promise<{ url: string; close(): Promise<void> }>
  /** Told of every change in the buckets. */
  onObjectChange?: (change: ObjectChange) => void
}

/** Documents and buckets, as a service under test and its test reach them. */
export interface GoogleSide {
  projectId: string
  /** How the document server is reached. */
  documentsHost: string
  /** For what else the world keeps; removed with it. */
  dataDir: string
  bucket: BucketServer
  storage: Storage
  db: Firestore
  proxy: KillProxy | null
  /** How a service finds them: through the proxy, where there is one. */
  env: Record<string, string>
  close(): Promise<void>
}

export async function startGoogleSide(options: GoogleSideOptions): Promise<GoogleSide> {
  const dataDir = await mkdtemp(join(tmpdir(), 'google-side-'))
  const documents = await options.documents()
  const bucket = await startBucketServer({
    port: 0,
    dataDir: join(dataDir, 'bucket'),
    durability: 'process',
    onChange: (change) => options.onObjectChange?.(change),
  })
  for (const name of options.buckets) await bucket.createBucket(name)
  const proxy = options.killProxy ? await startKillProxy(bucket.url) : null
  const otherProxy = (await options.bucketProxy?.(bucket.url)) ?? null
  const projectId = options.projectId ?? `test-${randomUUID().slice(0, 8)}`
  const db = connectFirestore(documents.host, projectId)
  return {
    projectId,
    documentsHost: documents.host,
    dataDir,
    bucket,
    storage: new Storage({ apiEndpoint: bucket.url, projectId, useAuthWithCustomEndpoint: false }),
    db,
    proxy,
    env: {
      PATH: process.env.PATH ?? '',
      GOOGLE_CLOUD_PROJECT: projectId,
      STORAGE_EMULATOR_HOST: proxy?.url ?? otherProxy?.url ?? bucket.url,
      FIRESTORE_EMULATOR_HOST: documents.host,
      METADATA_SERVER_DETECTION: 'none',
    },
    async close() {
      await db.terminate()
      await proxy?.close()
      await otherProxy?.close()
      await bucket.close()
      await documents.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
