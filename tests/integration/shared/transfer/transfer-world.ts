import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@google-cloud/storage'
import { type BucketServer, startBucketServer } from '#local/bucket/server.ts'
import { type AddFile, type FileHost, type HostedFile, startFileHost } from '#local/file-host/server.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { ObjectStreams } from '#shared/objects/object-streams.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { type CopyParams, copyFile, type TransferProgress, type VerifiedParts } from '#shared/transfer/copy-file.ts'
import { PartStore } from '#shared/transfer/part-store.ts'
import { publishParts } from '#shared/transfer/publish.ts'
import type { SourceFile } from '#shared/transfer/source-file.ts'
import type { TransferPlan } from '#shared/transfer/transfer-plan.ts'

import { type BucketFault, faultyBucketClient } from './bucket-faults.ts'

export const KIB = 1024
export const PART_BYTES = 256 * KIB
/** Tries as in production, without its waits. */
const QUICK: BackoffPolicy = { baseMs: 1, factor: 2, maxMs: 5, jitter: 'full', maxAttempts: 4 }

export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error('did not fail'),
    (thrown) => thrown,
  )
  if (!(error instanceof AppError)) throw error
  return error
}

type Overrides = Partial<Omit<CopyParams, 'options' | 'file'>> & {
  options?: Partial<CopyParams['options']>
  /** What the source states, where it is not everything. */
  stated?: Partial<SourceFile>
}

/** A source, a bucket and what a job would hold between claims. */
export interface TransferWorld {
  host: FileHost
  bucket: BucketServer
  parts: PartStore
  streams: ObjectStreams
  objects: ObjectStore
  /** Met by the next requests that they fit; empty once all have been met. */
  bucketFaults: BucketFault[]
  add(file: AddFile): HostedFile
  /** One claim: goes on with the plan that the last one stored. */
  copy(file: HostedFile, overrides?: Overrides): Promise<VerifiedParts>
  publish(verified: VerifiedParts, name?: string): ReturnType<typeof publishParts>
  /** Object names in the bucket. */
  names(): Promise<string[]>
  bytesOf(name: string): Promise<Buffer>
  plan: TransferPlan | null
  plans: TransferPlan[]
  located: number
  progress: TransferProgress[]
  heads: Buffer[]
  close(): Promise<void>
}

export async function startTransferWorld(): Promise<TransferWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'transfer-'))
  const bucket = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  await bucket.createBucket('models')
  const host = await startFileHost()
  const web: HttpClient = createHttpClient()
  const storage = new Storage({ projectId: 'p', apiEndpoint: bucket.url, useAuthWithCustomEndpoint: false })
  const objects = new ObjectStore(storage)
  const bucketFaults: BucketFault[] = []
  const http = faultyBucketClient(createHttpClient(), bucketFaults)
  const streams = new ObjectStreams({ origin: bucket.url, accessToken: async () => null, http })
  const parts = new PartStore({ objects, streams, bucket: 'models', prefix: 'work/job/0/' })

  const world: TransferWorld = {
    host,
    bucket,
    parts,
    streams,
    objects,
    bucketFaults,
    plan: null,
    plans: [],
    located: 0,
    progress: [],
    heads: [],
    add: (file) => host.add(file),
    async copy(file, overrides = {}) {
      const { options, stated, ...others } = overrides
      return await copyFile({
        file: {
          locator: { source: 'url', url: 'https://example.com/model.safetensors' },
          path: 'model.safetensors',
          sizeBytes: file.sizeBytes,
          sha256: file.sha256,
          gitBlobSha1: null,
          ...stated,
        },
        async locate() {
          world.located++
          return { url: host.locationOf(file), headers: {}, sizeBytes: null, sha256: null }
        },
        web,
        parts,
        plan: world.plan,
        async storePlan(plan) {
          world.plans.push(plan)
          world.plan = plan
        },
        options: {
          maxBytes: 1024 ** 3,
          minPartBytes: PART_BYTES,
          stallMs: 300,
          lanes: { windowMs: 120, settleMs: 40, holdMs: 400 },
          policy: QUICK,
          ...options,
        },
        checkStart: (head) => void world.heads.push(head),
        onProgress: (progress) => void world.progress.push(progress),
        signal: new AbortController().signal,
        ...others,
      })
    },
    publish: (verified, name = 'models/model.safetensors') =>
      publishParts({
        verified,
        objects,
        bucket: 'models',
        prefix: parts.prefix,
        name,
        contentType: 'application/octet-stream',
        metadata: {},
      }),
    async names() {
      const names: string[] = []
      for await (const { name } of objects.list('models', '')) names.push(name)
      return names
    },
    async bytesOf(name) {
      const facts = await objects.stat({ bucket: 'models', name })
      const chunks: Buffer[] = []
      const generation = facts?.generation ?? '0'
      for await (const chunk of streams.read({ bucket: 'models', name }, { generation })) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    async close() {
      streams.close()
      web.close()
      await host.close()
      await bucket.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  return world
}

/** A world for each test of a suite, in which every fault that was injected has to fire. */
export function useTransferWorld(): () => TransferWorld {
  let world: TransferWorld
  beforeEach(async () => {
    world = await startTransferWorld()
  })
  afterEach(async () => {
    world.host.assertAllFired()
    await world.close()
  })
  return () => world
}

/** The most connections that the host had open for a copy at once. */
export function mostLanes({ host }: TransferWorld): number {
  return Math.max(...host.requests.map(({ lanes }) => lanes))
}
