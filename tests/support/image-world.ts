import { randomUUID } from 'node:crypto'
import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import sharp from 'sharp'
import type { BucketServer } from '#local/bucket/server.ts'
import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import { type AnswerHook, type ClipDropStandIn, startClipDrop } from '#local/clipdrop/server.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { type GoogleSideOptions, startGoogleSide } from './google-side.ts'
import type { KillProxy } from './kill-proxy.ts'
import { type ServiceUnderTest, startServiceUnderTest } from './service-under-test.ts'
import { until } from './until.ts'

export const appBucket = 'app-bucket'
export const workBucket = 'work-bucket'

export interface ImageWorldOptions extends Omit<GoogleSideOptions, 'buckets'> {
  /** More variables for the worker. */
  env?: Record<string, string>
  beforeAnswer?: AnswerHook
  afterAnswer?: AnswerHook
}

/** The image worker as a process of its own, with everything around it that it has in the cloud. */
export interface ImageWorld {
  bucket: BucketServer
  storage: Storage
  db: Firestore
  clipdrop: ClipDropStandIn
  worker: ServiceUnderTest
  proxy: KillProxy | null
  /** Every object that was ever finalized, in order: `bucket/name`. */
  finalized: readonly string[]
  /** SIGKILL, and until it is gone. */
  killWorker(): Promise<void>
  /** Kills nothing; starts the worker again after it was killed. */
  restartWorker(): Promise<void>
  /** A second instance beside the first; ended with the world. */
  startAnotherWorker(): Promise<ServiceUnderTest>
  close(): Promise<void>
}

export async function startImageWorld(options: ImageWorldOptions): Promise<ImageWorld> {
  const finalized: string[] = []
  const google = await startGoogleSide({
    ...options,
    buckets: [appBucket, workBucket],
    onObjectChange(change) {
      if (change.type === 'finalized') finalized.push(`${change.bucket}/${change.object.name}`)
      options.onObjectChange?.(change)
    },
  })
  const { bucket, storage, db, proxy } = google
  const { beforeAnswer, afterAnswer } = options
  const clipdrop = await startClipDrop({
    port: 0,
    requestsPerMinute: null,
    ...(beforeAnswer ? { beforeAnswer } : {}),
    ...(afterAnswer ? { afterAnswer } : {}),
  })
  const env = {
    ...google.env,
    STORAGE_BUCKET: appBucket,
    WORK_BUCKET: workBucket,
    // Result URLs name the server itself: browsers do not go through a test's proxy.
    PUBLIC_URL_HOST: bucket.url,
    CLIPDROP_API_KEY: LOCAL_CLIPDROP_KEY,
    CLIPDROP_BASE_URL: clipdrop.url,
    BACKGROUND_PROVIDERS: 'clipdrop',
    UPSCALE_PROVIDERS: 'clipdrop',
    ...options.env,
  }
  let worker = await startServiceUnderTest('image-worker', env)
  const others: ServiceUnderTest[] = []
  const killWorker = async () => {
    worker.child.kill('SIGKILL')
    await worker.exited
  }
  return {
    proxy,
    finalized,
    killWorker,
    bucket,
    storage,
    db,
    clipdrop,
    get worker() {
      return worker
    },
    async restartWorker() {
      await worker.exited
      worker = await startServiceUnderTest('image-worker', env)
    },
    async startAnotherWorker() {
      const other = await startServiceUnderTest('image-worker', env)
      others.push(other)
      return other
    },
    async close() {
      for (const { child } of others) child.kill('SIGKILL')
      await killWorker()
      for (const { exited } of others) await exited
      await google.close()
      await clipdrop.close()
    },
  }
}

export interface ImageCase {
  userId: string
  characterId: string
  uploadName: string
}

export function newCase(): ImageCase {
  const userId = `user-${randomUUID().slice(0, 8)}`
  const characterId = `character-${randomUUID().slice(0, 8)}`
  return { userId, characterId, uploadName: `raw-uploads/${userId}/${characterId}/${randomUUID()}.png` }
}

/** A small picture with something in the middle; `hue` makes two of them differ. */
export async function picture(hue = 0, format: 'png' | 'jpeg' | 'webp' = 'jpeg'): Promise<Buffer> {
  const disc = Buffer.from(
    `<svg width="64" height="64"><circle cx="32" cy="32" r="20" fill="hsl(${hue} 90% 45%)"/></svg>`,
  )
  return await sharp({ create: { width: 64, height: 64, channels: 3, background: '#f4f4f0' } })
    .composite([{ input: disc }])
    .toFormat(format)
    .toBuffer()
}

/** Uploads as the app does. Returns the object's resource, as an event carries it. */
export async function uploadRaw(world: ImageWorld, name: string, bytes: Buffer, contentType = 'image/jpeg') {
  const file = world.storage.bucket(appBucket).file(name)
  await file.save(bytes, {
    resumable: false,
    public: true,
    metadata: { contentType, cacheControl: 'public, max-age=31536000' },
  })
  const [metadata] = await file.getMetadata()
  return { resource: metadata as Record<string, unknown>, url: file.publicUrl() }
}

/** The document as the app creates it. */
export function characterDocument(of: ImageCase, imageUrl: string) {
  return {
    core: { name: 'Zoë' },
    visuals: {
      imageUrl,
      gallery: [imageUrl],
      showcaseImageUrl: null,
      isShowcaseProcessed: false,
      showcaseProcessingStatus: 'idle',
    },
    meta: { userId: of.userId, status: 'private' },
  }
}

export async function createCharacter(world: ImageWorld, of: ImageCase, imageUrl: string): Promise<void> {
  await world.db.runTransaction(async (transaction) => {
    transaction.create(world.db.doc(`characters/${of.characterId}`), characterDocument(of, imageUrl))
  })
}

export async function readCharacter(world: ImageWorld, of: ImageCase) {
  const snapshot = await world.db.doc(`characters/${of.characterId}`).get()
  return {
    exists: snapshot.exists,
    visuals: (snapshot.get('visuals') ?? {}) as Record<string, unknown>,
    updated: snapshot.updateTime,
  }
}

export async function jobsOf(world: ImageWorld, of: ImageCase): Promise<JobRecord[]> {
  const { docs } = await world.db.collection('jobs').where('subject', '==', `characters/${of.characterId}`).get()
  return docs.map((found) => found.data() as JobRecord)
}

/** The request that Eventarc makes for an object: binary mode, a query in the URL, numbers as strings. */
export async function deliver(
  world: ImageWorld,
  resource: Record<string, unknown>,
  parts: { path?: string; headers?: Record<string, string>; body?: string; to?: ServiceUnderTest } = {},
): Promise<Response> {
  const bucket = String(resource.bucket)
  return await fetch(
    new URL(`${parts.path ?? '/'}?__GCP_CloudEventsMode=GCS_NOTIFICATION`, (parts.to ?? world.worker).url),
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': String(Math.floor(Math.random() * 1e16)),
        'ce-type': 'google.cloud.storage.object.v1.finalized',
        'ce-source': `//storage.googleapis.com/projects/_/buckets/${bucket}`,
        'ce-subject': `objects/${String(resource.name)}`,
        'ce-time': new Date().toISOString(),
        'ce-bucket': bucket,
        'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
        ...parts.headers,
      },
      body: parts.body ?? JSON.stringify(resource),
    },
  )
}

/** Delivers until the worker acknowledges, as a subscription does; without its backoff. Returns the statuses. */
export async function deliverUntilAcknowledged(
  world: ImageWorld,
  resource: Record<string, unknown>,
): Promise<number[]> {
  const statuses: number[] = []
  await until(async () => {
    const { status } = await deliver(world, resource)
    statuses.push(status)
    return status < 300
  }, 50)
  return statuses
}

/** How often each ClipDrop endpoint did the work for pictures, since a moment in the list of requests. */
export function charged(world: ImageWorld, since = 0): { background: number; upscale: number } {
  const paid = world.clipdrop.requests.slice(since).filter((request) => request.charged)
  return {
    background: paid.filter((request) => request.endpoint === 'remove-background').length,
    upscale: paid.filter((request) => request.endpoint === 'upscale').length,
  }
}

export async function temporaries(world: ImageWorld): Promise<string[]> {
  const [files] = await world.storage.bucket(workBucket).getFiles()
  return files.map((file) => file.name)
}

/** The published picture, through the URL in the document, as a browser gets it. */
export async function publishedPicture(world: ImageWorld, of: ImageCase) {
  const { visuals } = await readCharacter(world, of)
  const answer = await fetch(String(visuals.showcaseImageUrl))
  const bytes = Buffer.from(await answer.arrayBuffer())
  const [metadata] = await world.storage
    .bucket(appBucket)
    .file(`showcase-images/${of.userId}/${of.characterId}/showcase_${of.characterId}.png`)
    .getMetadata()
  return { status: answer.status, contentType: answer.headers.get('content-type'), bytes, metadata }
}
