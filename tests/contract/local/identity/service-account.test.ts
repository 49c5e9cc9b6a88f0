import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyPorts, type LocalCloud, localBuckets, localProject, startCloud } from '#local/cloud.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { createUrlSigner } from '#shared/objects/signed-urls.ts'
import { createStorage } from '#shared/objects/storage.ts'

const PHOTO = 'a photo'
let dataDir: string
let cloud: LocalCloud

function start(bucketPort = 0): Promise<LocalCloud> {
  const ports = { ...anyPorts, bucket: bucketPort }
  return startCloud({ dataDir, ports, triggers: [], documentsHost: null, logger: silentLogger })
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'service-account-'))
  cloud = await start()
})

afterAll(async () => {
  await cloud.close()
  await rm(dataDir, { recursive: true, force: true })
})

test('a service signs URLs for the local bucket server with what its environment names, also after a restart', async () => {
  const serviceUrl = 'http://127.0.0.1:1'
  Object.assign(process.env, cloud.environmentFor(serviceUrl), cloud.trainingEnvironment(serviceUrl))
  const signer = createUrlSigner(createStorage({ projectId: localProject }))
  const object = { bucket: localBuckets.work, name: 'training-uploads/u/1.jpg', expiresInMs: 60_000 }

  const upload = await signer.signUpload({ ...object, contentType: 'image/jpeg', sizeBytes: PHOTO.length })
  const started = await fetch(upload.url, { method: 'POST', headers: upload.headers })
  const sent = await fetch(started.headers.get('location') ?? '', { method: 'PUT', body: PHOTO })
  const url = await signer.signDownload(object)
  await cloud.close()
  cloud = await start(cloud.bucket.port)
  const read = await fetch(url)

  expect([started.status, sent.status, read.status, await read.text()]).toEqual([201, 200, 200, PHOTO])
})

test('the account’s key is for its owner’s eyes only, and the same after a restart', async () => {
  const { GOOGLE_APPLICATION_CREDENTIALS: keyFile = '' } = cloud.trainingEnvironment('http://127.0.0.1:1')
  const before = await stat(keyFile)

  await cloud.close()
  cloud = await start()

  expect(before.mode & 0o777).toBe(0o600)
  expect((await stat(keyFile)).mtimeMs).toBe(before.mtimeMs)
})
