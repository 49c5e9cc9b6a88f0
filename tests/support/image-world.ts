import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import { type AnswerHook, type ClipDropStandIn, startClipDrop } from '#local/clipdrop/server.ts'
import { type GoogleSideOptions, startGoogleSide } from './google-side.ts'
import { type ImageActions, imageActions } from './image-actions.ts'
import { appBucket, type ImageCase, resultName, workBucket } from './image-case.ts'
import type { KillProxy } from './kill-proxy.ts'
import { type ServiceUnderTest, startServiceUnderTest } from './service-under-test.ts'

export interface ImageWorldOptions extends Omit<GoogleSideOptions, 'buckets'> {
  /** More variables for the worker. */
  env?: Record<string, string>
  beforeAnswer?: AnswerHook
  afterAnswer?: AnswerHook
}

/** The image worker as a process of its own, with everything around it that it has in the cloud. */
interface ImageProcesses {
  readonly storage: Storage
  readonly db: Firestore
  readonly clipdrop: ClipDropStandIn
  readonly worker: ServiceUnderTest
  /** @throws Error where the world was asked for without one. */
  readonly proxy: KillProxy
  /** Every object that was ever finalized, in order: `bucket/name`. */
  readonly finalized: readonly string[]
  /** SIGKILL, and until it is gone. */
  killWorker(): Promise<void>
  /** Kills nothing; starts the worker again after it was killed. */
  restartWorker(): Promise<void>
  /** A second instance beside the first; ended with the world. */
  startAnotherWorker(): Promise<ServiceUnderTest>
  close(): Promise<void>
}

export interface ImageWorld extends ImageProcesses, Omit<ImageActions, 'charged'> {
  /** How often each ClipDrop endpoint did the work for pictures, since the test began or a moment in the list of requests. */
  charged(since?: number): { background: number; upscale: number }
}

/** A world for the tests of a suite; `options` are asked for before the first of them. */
export function useImageWorld(options: () => ImageWorldOptions): ImageWorld {
  const world = {} as ImageWorld // Filled before the first test.
  let testBegan = 0
  beforeAll(async () => {
    const processes = await startImageProcesses(options())
    const actions = imageActions(processes)
    // With its getters: the worker is another one after each restart.
    Object.defineProperties(world, Object.getOwnPropertyDescriptors(processes))
    Object.assign(world, actions, { charged: (since = testBegan) => actions.charged(since) })
  })
  beforeEach(() => {
    testBegan = world.clipdrop.requests.length
  })
  afterAll(() => world.close())
  return world
}

async function startImageProcesses(options: ImageWorldOptions): Promise<ImageProcesses> {
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
    finalized,
    killWorker,
    storage,
    db,
    clipdrop,
    get worker() {
      return worker
    },
    get proxy() {
      if (!proxy) throw new Error('This world has no proxy.')
      return proxy
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

/** Complete, shown as a PNG, published once, its only job done. */
export async function expectOneShowcase(world: ImageWorld, of: ImageCase): Promise<void> {
  const { visuals } = await world.readCharacter(of)
  expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete', isShowcaseProcessed: true })
  expect(await world.publishedPicture(of)).toMatchObject({ status: 200, contentType: 'image/png' })
  expect(world.finalized.filter((name) => name === `${appBucket}/${resultName(of)}`)).toHaveLength(1)
  expect(await world.jobsOf(of)).toMatchObject([{ state: 'done', lease: null, openCall: null }])
}
