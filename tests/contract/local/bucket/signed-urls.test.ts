import { generateKeyPairSync } from 'node:crypto'
import { createUrlSigner, type SignedUpload, type UploadToSign } from '#shared/objects/signed-urls.ts'
import { clientOf, type Fixture, startFixture } from './bucket-server.ts'

const PHOTO = Buffer.from('a photo of nine and more bytes')
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const { warn } = console
let fixture: Fixture
let now = () => new Date()

beforeAll(async () => {
  // The auth library warns at each key that is handed to it, whoever hands it.
  console.warn = () => {}
  fixture = await startFixture({ now: () => now() })
  await fetch(`${fixture.server.url}/_emulator/keys`, { method: 'PUT', body: publicKey })
})

beforeEach(() => {
  now = () => new Date()
})

afterEach(() => {
  expect(fixture.errors).toEqual([])
})

afterAll(async () => {
  console.warn = warn
  await fixture.stop()
})

function signerWith(key: string) {
  const credentials = { client_email: 'signer@test-project.iam.gserviceaccount.com', private_key: key }
  return createUrlSigner(clientOf(fixture.server.url, { credentials }))
}

function signUpload(upload: Partial<UploadToSign> & { name: string }): Promise<SignedUpload> {
  return signerWith(privateKey).signUpload({
    bucket: 'uploads',
    contentType: 'image/jpeg',
    sizeBytes: PHOTO.byteLength,
    expiresInMs: 60_000,
    ...upload,
  })
}

function signDownload(name: string, more: { generation?: string; responseDisposition?: string } = {}): Promise<string> {
  return signerWith(privateKey).signDownload({ bucket: 'uploads', name, expiresInMs: 60_000, ...more })
}

function start({ method, url, headers }: SignedUpload, changed: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method, headers: { ...headers, ...changed } })
}

async function outcome(response: Response): Promise<string> {
  const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]
  return code === undefined ? String(response.status) : `${response.status} ${code}`
}

async function stored(name: string): Promise<string | null> {
  const [exists] = await fixture.bucket.file(name).exists()
  return exists ? (await fixture.bucket.file(name).download())[0].toString() : null
}

describe('a signed upload', () => {
  test('starts a session that takes the bytes without a signature, under the type that was signed', async () => {
    const name = 'training-uploads/user/ö (1).jpg'
    const upload = await signUpload({ name })

    const started = await start(upload)
    const session = started.headers.get('location') ?? ''
    const sent = await fetch(session, { method: 'PUT', body: PHOTO, headers: { 'content-type': 'text/html' } })

    expect([started.status, sent.status]).toEqual([201, 200])
    expect(upload.expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(60_000)
    expect((await fixture.bucket.file(name).getMetadata())[0]).toMatchObject({
      contentType: 'image/jpeg',
      size: String(PHOTO.byteLength),
    })
  })

  test('goes on where it broke off', async () => {
    const photo = Buffer.alloc(300_000, 'x')
    const upload = await signUpload({ name: 'resumed.jpg', sizeBytes: photo.byteLength })
    const session = (await start(upload)).headers.get('location') ?? ''
    const put = (range: string, body?: Uint8Array<ArrayBuffer>) =>
      fetch(session, { method: 'PUT', headers: { 'content-range': range }, ...(body === undefined ? {} : { body }) })

    const first = await put('bytes 0-262143/300000', new Uint8Array(photo.subarray(0, 262_144)))
    const asked = await put('bytes */300000')
    const last = await put('bytes 262144-299999/300000', new Uint8Array(photo.subarray(262_144)))

    expect([first.status, asked.status, asked.headers.get('range'), last.status]).toEqual([
      308,
      308,
      'bytes=0-262143',
      200,
    ])
    expect(await stored('resumed.jpg')).toBe(photo.toString())
  })

  test.each([
    ['more bytes than signed', Buffer.concat([PHOTO, PHOTO]), {}, '400 EntityTooLarge'],
    ['fewer bytes than signed', PHOTO.subarray(1), {}, '400 EntityTooSmall'],
    ['more bytes than signed, announced', PHOTO, { 'content-range': 'bytes 0-29/31' }, '400 EntityTooLarge'],
  ])('is refused with %s', async (title, body, headers, expected) => {
    const name = `${title}.jpg`
    const session = (await start(await signUpload({ name }))).headers.get('location') ?? ''

    const response = await fetch(session, { method: 'PUT', body, headers })

    expect(await outcome(response)).toBe(expected)
    expect(await stored(name)).toBeNull()
  })

  test('is refused at its start where another size is announced', async () => {
    const upload = await signUpload({ name: 'announced.jpg' })

    expect(await outcome(await start(upload, { 'x-upload-content-length': '31' }))).toBe('400 EntityTooLarge')
  })

  test.each([
    ['another type', { 'content-type': 'text/html' }, '403 SignatureDoesNotMatch'],
    ['another size', { 'x-goog-content-length-range': '0,99999999' }, '403 SignatureDoesNotMatch'],
    ['a header that was not signed', { 'x-goog-acl': 'public-read' }, '400 MalformedSecurityHeader'],
  ])('is refused with %s', async (_title, headers, expected) => {
    const upload = await signUpload({ name: 'bound.jpg' })

    expect(await outcome(await start(upload, headers))).toBe(expected)
  })

  test('is refused without a header that was signed', async () => {
    const upload = await signUpload({ name: 'bound.jpg' })
    const { 'x-goog-content-length-range': _size, ...headers } = upload.headers

    expect(await outcome(await fetch(upload.url, { method: 'POST', headers }))).toBe('400 MalformedSecurityHeader')
  })

  test('is good for its object, its verb and its time only', async () => {
    const upload = await signUpload({ name: 'mine.jpg' })
    const other = { ...upload, url: upload.url.replace('mine.jpg', 'yours.jpg') }

    expect(await outcome(await start(other))).toBe('403 SignatureDoesNotMatch')
    expect(await outcome(await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: PHOTO }))).toBe(
      '403 SignatureDoesNotMatch',
    )
    now = () => new Date(Date.now() + 61_000)
    expect(await outcome(await start(upload))).toBe('403 ExpiredToken')
  })

  test('of a key that nobody registered is refused', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const pem = stranger.export({ type: 'pkcs8', format: 'pem' }).toString()
    const upload = await signerWith(pem).signUpload({
      bucket: 'uploads',
      name: 'foreign.jpg',
      contentType: 'image/jpeg',
      sizeBytes: 1,
      expiresInMs: 60_000,
    })

    expect(await outcome(await start(upload))).toBe('403 SignatureDoesNotMatch')
  })
})

describe('a signed download', () => {
  beforeAll(() => fixture.bucket.file('zips/a.zip').save('0123456789', { resumable: false }))

  test('reads the object, in ranges too, under the name that was signed', async () => {
    const url = await signDownload('zips/a.zip', { responseDisposition: 'attachment; filename="photos.zip"' })

    const whole = await fetch(url)
    const range = await fetch(url, { headers: { range: 'bytes=2-4' } })

    expect([whole.status, await whole.text()]).toEqual([200, '0123456789'])
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename="photos.zip"')
    expect([range.status, await range.text(), range.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10'])
  })

  test('of one generation does not read a later one', async () => {
    const file = fixture.bucket.file('zips/again.zip')
    await file.save('first', { resumable: false })
    const generation = String((await file.getMetadata())[0].generation)
    const url = await signDownload('zips/again.zip', { generation })
    expect(await (await fetch(url)).text()).toBe('first')

    await file.save('second', { resumable: false })

    expect((await fetch(url)).status).toBe(404)
  })

  test('neither writes nor deletes, and the verb HEAD would have to be signed for itself', async () => {
    const url = await signDownload('zips/a.zip')
    const statusOf = async (method: string) => (await fetch(url, { method })).status

    expect([await statusOf('PUT'), await statusOf('DELETE'), await statusOf('HEAD')]).toEqual([403, 403, 403])
  })

  test('ends with its time, and cannot be given more of it', async () => {
    const url = await signDownload('zips/a.zip')
    const longer = url.replace('X-Goog-Expires=60', 'X-Goog-Expires=61')

    expect(longer).not.toBe(url)
    expect(await outcome(await fetch(longer))).toBe('403 SignatureDoesNotMatch')
    now = () => new Date(Date.now() + 61_000)
    expect(await outcome(await fetch(url))).toBe('403 ExpiredToken')
  })
})

test('an answer’s headers are named by those only who may read for themselves', async () => {
  await fixture.bucket.file('public.html').save('<p>', { resumable: false })
  await fixture.bucket.file('public.html').makePublic()

  const response = await fetch(`${fixture.server.url}/uploads/public.html?response-content-type=text/html`)

  expect(response.status).toBe(400)
})

test.each([0, 999, 7 * 24 * 3_600_000 + 1, Number.NaN])('no URL is good for %d ms', async (expiresInMs) => {
  const signer = signerWith(privateKey)

  await expect(signer.signDownload({ bucket: 'uploads', name: 'a', expiresInMs })).rejects.toThrow(RangeError)
})

test('an account that cannot sign is said to need a role or a key', async () => {
  const signer = createUrlSigner(
    clientOf(fixture.server.url, { credentials: { client_email: 'a@b.example', private_key: 'no key' } }),
  )

  await expect(signer.signDownload({ bucket: 'uploads', name: 'a', expiresInMs: 1000 })).rejects.toMatchObject({
    code: 'objects.not-signed',
    retryable: true,
  })
})
