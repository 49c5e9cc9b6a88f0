import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@google-cloud/storage'
import sharp from 'sharp'
import { freePort } from '#local/service-process.ts'
import { connectFirestore, type StartDocuments } from '../support/documents.ts'
import { picture } from '../support/image-case.ts'
import { type RunningProcess, runProcess, startProcess } from '../support/processes.ts'
import { until } from '../support/until.ts'

const projectId = 'black-box'
const bucketName = 'black-box-app'

/** The built service with nothing but its environment: the bucket server and the documents are other processes. */
export function bundleSuite(documents: StartDocuments): void {
  const closers: (() => Promise<unknown>)[] = []
  let service: RunningProcess
  let serviceUrl: string
  let bucketUrl: string
  let documentsHost: string

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'bundle-'))
    closers.push(() => rm(dataDir, { recursive: true, force: true }))
    expect(await runProcess(['tools/build.ts', 'image-worker'])).toMatchObject({ code: 0 })

    const bucketPort = await freePort()
    const bucket = startProcess(['local/main.ts', 'bucket', '--port', String(bucketPort), '--data', dataDir])
    closers.push(() => bucket.kill())
    bucketUrl = `http://127.0.0.1:${bucketPort}`
    await until(async () => (await fetch(bucketUrl).catch(() => null))?.status === 200)

    const server = await documents()
    closers.push(() => server.close())
    documentsHost = server.host

    const port = await freePort()
    service = startProcess(['dist/image-worker/main.cjs'], {
      PORT: String(port),
      GOOGLE_CLOUD_PROJECT: projectId,
      STORAGE_BUCKET: bucketName,
      STORAGE_EMULATOR_HOST: bucketUrl,
      FIRESTORE_EMULATOR_HOST: documentsHost,
      BACKGROUND_PROVIDERS: 'local',
      UPSCALE_PROVIDERS: 'local',
    })
    closers.push(() => service.kill())
    serviceUrl = `http://127.0.0.1:${port}`
    await until(async () => (await fetch(`${serviceUrl}/health`).catch(() => null))?.status === 200)
  })
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
  })

  test('takes a real-shaped event on any path and publishes the picture', async () => {
    const storage = new Storage({ apiEndpoint: bucketUrl, projectId, useAuthWithCustomEndpoint: false })
    await storage.createBucket(bucketName)
    const file = storage.bucket(bucketName).file('raw-uploads/zoë/c 1/d.png')
    await file.save(await picture(), { resumable: false, metadata: { contentType: 'image/jpeg' } })
    const [resource] = await file.getMetadata()
    const db = connectFirestore(documentsHost, projectId)
    closers.push(() => db.terminate())
    await db.doc('characters/c 1').set({
      visuals: {
        imageUrl: file.publicUrl(),
        gallery: [],
        showcaseImageUrl: null,
        isShowcaseProcessed: false,
        showcaseProcessingStatus: 'idle',
      },
      meta: { userId: 'zoë' },
    })
    const answer = await fetch(`${serviceUrl}/some/path?__GCP_CloudEventsMode=GCS_NOTIFICATION`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '9475010998622634',
        'ce-type': 'google.cloud.storage.object.v1.finalized',
        'ce-source': `//storage.googleapis.com/projects/_/buckets/${bucketName}`,
        // As Eventarc sends them: raw UTF-8 bytes, which Node reads as Latin-1.
        'ce-subject': Buffer.from(`objects/${file.name}`).toString('latin1'),
        'ce-time': new Date().toISOString(),
        'ce-bucket': bucketName,
      },
      body: JSON.stringify(resource),
    })
    expect({ status: answer.status, log: service.output() }).toMatchObject({ status: 204 })
    const visuals = (await db.doc('characters/c 1').get()).get('visuals')
    expect(visuals).toMatchObject({ isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' })
    const png = Buffer.from(await (await fetch(visuals.showcaseImageUrl)).arrayBuffer())
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 128, height: 128 })
    // Its temporaries lay in the app's bucket, since no other was named; they are gone.
    const [left] = await storage.bucket(bucketName).getFiles({ prefix: 'work/' })
    expect(left).toEqual([])
  })

  test('logs JSON for Cloud Logging', () => {
    const lines = service
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.length).toBeGreaterThan(2)
    for (const line of lines)
      expect(line).toMatchObject({
        severity: expect.any(String),
        message: expect.any(String),
        time: expect.any(String),
      })
  })

  test('ends within its time and with 0 when it is told to', async () => {
    service.child.kill('SIGTERM')
    expect(await service.exited).toBe(0)
  })

  test('refuses to start without what it needs, in a sentence that names it', async () => {
    const { code, stdout } = await runProcess(['dist/image-worker/main.cjs'], { GOOGLE_CLOUD_PROJECT: projectId })
    expect(code).toBe(1)
    expect(stdout).toMatch(/STORAGE_BUCKET is missing/)
  })
}
