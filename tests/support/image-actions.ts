import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import type { ClipDropStandIn } from '#local/clipdrop/server.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { appBucket, characterDocument, type ImageCase, newCase, picture, resultName, workBucket } from './image-case.ts'
import type { ServiceUnderTest } from './service-under-test.ts'
import { until } from './until.ts'

/** An object's resource, as an event carries it. */
export type Resource = Record<string, unknown>

export type ImageActions = ReturnType<typeof imageActions>

/** What the app and Eventarc do around an image worker, and what they find afterwards. */
export function imageActions(world: {
  readonly db: Firestore
  readonly storage: Storage
  readonly clipdrop: ClipDropStandIn
  readonly worker: ServiceUnderTest
}) {
  const { db, storage, clipdrop } = world

  /** Uploads as the app does. */
  async function uploadRaw(name: string, bytes: Buffer, contentType = 'image/jpeg') {
    const file = storage.bucket(appBucket).file(name)
    await file.save(bytes, {
      resumable: false,
      public: true,
      metadata: { contentType, cacheControl: 'public, max-age=31536000' },
    })
    const [metadata] = await file.getMetadata()
    return { resource: metadata as Resource, url: file.publicUrl() }
  }

  async function createCharacter(of: ImageCase, imageUrl: string): Promise<void> {
    await db.runTransaction(async (transaction) => {
      transaction.create(db.doc(`characters/${of.characterId}`), characterDocument(of, imageUrl))
    })
  }

  /** An upload and its document, as the app makes them; the event not yet delivered. `from`: requests to ClipDrop so far. */
  async function forge(parts: { one?: ImageCase; bytes?: Buffer; contentType?: string } = {}) {
    const { one = newCase(), bytes = await picture(), contentType } = parts
    const { resource, url } = await uploadRaw(one.uploadName, bytes, contentType)
    await createCharacter(one, url)
    return { one, resource, url, from: clipdrop.requests.length }
  }

  async function readCharacter(of: ImageCase) {
    const snapshot = await db.doc(`characters/${of.characterId}`).get()
    return {
      exists: snapshot.exists,
      visuals: (snapshot.get('visuals') ?? {}) as Record<string, unknown>,
      updated: snapshot.updateTime,
    }
  }

  const statusOf = async (of: ImageCase) => (await readCharacter(of)).visuals.showcaseProcessingStatus

  async function untilStatus(of: ImageCase, status: string): Promise<void> {
    await until(async () => (await statusOf(of)) === status)
  }

  async function jobsOf(of: ImageCase): Promise<JobRecord[]> {
    const { docs } = await db.collection('jobs').where('subject', '==', `characters/${of.characterId}`).get()
    return docs.map((found) => found.data() as JobRecord)
  }

  /** The request that Eventarc makes for an object: binary mode, a query in the URL, numbers as strings. */
  async function deliver(
    resource: Resource,
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

  /** Delivers until the worker acknowledges, as a subscription does; without its backoff. */
  async function deliverUntilAcknowledged(resource: Resource, to = world.worker): Promise<void> {
    await until(async () => (await deliver(resource, { to })).status === 204, 50)
  }

  /** How often each ClipDrop endpoint did the work for pictures, since a moment in the list of requests. */
  function charged(since: number): { background: number; upscale: number } {
    const paid = clipdrop.requests.slice(since).filter((request) => request.charged)
    return {
      background: paid.filter((request) => request.endpoint === 'remove-background').length,
      upscale: paid.filter((request) => request.endpoint === 'upscale').length,
    }
  }

  async function temporaries(): Promise<string[]> {
    const [files] = await storage.bucket(workBucket).getFiles()
    return files.map((file) => file.name)
  }

  /** The published picture, through the URL in the document, as a browser gets it. */
  async function publishedPicture(of: ImageCase) {
    const { visuals } = await readCharacter(of)
    const answer = await fetch(String(visuals.showcaseImageUrl))
    const bytes = Buffer.from(await answer.arrayBuffer())
    const [metadata] = await storage.bucket(appBucket).file(resultName(of)).getMetadata()
    return { status: answer.status, contentType: answer.headers.get('content-type'), bytes, metadata }
  }

  return {
    uploadRaw,
    createCharacter,
    forge,
    readCharacter,
    statusOf,
    untilStatus,
    jobsOf,
    deliver,
    deliverUntilAcknowledged,
    charged,
    temporaries,
    publishedPicture,
  }
}
