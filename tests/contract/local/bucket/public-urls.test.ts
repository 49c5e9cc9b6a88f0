import { generateKeyPairSync } from 'node:crypto'
import type { FileMetadata } from '@google-cloud/storage'
import { clientOf, type Fixture, startFixture } from './bucket-server.ts'

let fixture: Fixture
let now = new Date()

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

beforeAll(async () => {
  fixture = await startFixture({ now: () => now })
})

beforeEach(() => {
  now = new Date()
})

afterEach(() => {
  expect(fixture.errors).toEqual([])
})

afterAll(() => fixture.stop())

async function save(name: string, content: string, metadata: FileMetadata = {}) {
  const file = fixture.bucket.file(name)
  await file.save(content, { resumable: false, metadata })
  return file
}

describe('XML paths', () => {
  test('an object of a public bucket reads with its headers, slashes encoded or not', async () => {
    const file = await save('folder/a b.txt', 'bytes', { contentType: 'text/plain', metadata: { owner: 'zoë' } })
    await file.makePublic()

    const plain = await fetch(`${fixture.server.url}/uploads/folder/a%20b.txt`)
    const encoded = await fetch(`${fixture.server.url}/uploads/folder%2Fa%20b.txt`, { headers: { range: 'bytes=1-2' } })

    expect(await plain.text()).toBe('bytes')
    expect(plain.headers.get('content-type')).toBe('text/plain')
    expect(Buffer.from(plain.headers.get('x-goog-meta-owner')!, 'latin1').toString()).toBe('zoë')
    expect(plain.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/)
    expect([encoded.status, await encoded.text()]).toEqual([206, 'yt'])
  })

  test('anonymous callers may not write, nor learn what is there', async () => {
    await save('secret', 'bytes')
    const status = async (path: string, init: RequestInit = {}) =>
      (await fetch(`${fixture.server.url}/uploads/${path}`, init)).status

    expect(await status('secret')).toBe(403)
    expect(await status('not-there')).toBe(403)
    expect(await status('secret', { method: 'PUT', body: 'x' })).toBe(403)
    expect(await status('secret', { method: 'DELETE' })).toBe(403)
  })

  test('a caller with a token reads and writes; errors are XML', async () => {
    const headers = { authorization: 'Bearer any', 'x-goog-meta-a': '1', 'content-type': 'text/plain' }
    const url = `${fixture.server.url}/uploads/by-xml`

    const written = await fetch(url, { method: 'PUT', body: 'bytes', headers })
    const read = await fetch(url, { headers })
    const missing = await fetch(`${url}-missing`, { headers })

    expect(written.status).toBe(200)
    expect(await read.text()).toBe('bytes')
    expect((await fixture.bucket.file('by-xml').getMetadata())[0]).toMatchObject({
      metadata: { a: '1' },
      contentType: 'text/plain',
    })
    expect(missing.status).toBe(404)
    expect(await missing.text()).toContain('<Code>NoSuchKey</Code>')
  })

  test('x-goog-if-generation-match: 0 creates once', async () => {
    const put = () =>
      fetch(`${fixture.server.url}/uploads/xml-once`, {
        method: 'PUT',
        body: 'bytes',
        headers: { authorization: 'Bearer any', 'x-goog-if-generation-match': '0' },
      })

    expect([(await put()).status, (await put()).status]).toEqual([200, 412])
  })

  test('the bucket’s CORS setting decides what browsers may read', async () => {
    await (await save('cors', 'bytes')).makePublic()
    const call = (origin: string) => fetch(`${fixture.server.url}/uploads/cors`, { headers: { origin } })
    const allowed = (response: Response) => response.headers.get('access-control-allow-origin')

    expect(allowed(await call('https://app.example'))).toBeNull()
    await fixture.bucket.setCorsConfiguration([{ origin: ['https://app.example'], method: ['GET'], maxAgeSeconds: 60 }])
    expect(allowed(await call('https://app.example'))).toBe('https://app.example')
    expect(allowed(await call('https://other.example'))).toBeNull()
  })
})

describe.each(['v4', 'v2'] as const)('signed URLs (%s)', (version) => {
  const hour = 60 * 60 * 1000

  /** A client that holds a key, as a service account does. */
  function signer(key: string = privateKey) {
    return clientOf(fixture.server.url, {
      credentials: { client_email: 'signer@test-project.iam.gserviceaccount.com', private_key: key },
    }).bucket('uploads')
  }

  async function signedUrl(
    name: string,
    action: 'read' | 'write' | 'delete' | 'resumable',
    extra: object = {},
  ): Promise<string> {
    const [url] = await signer()
      .file(name)
      .getSignedUrl({ version, action, expires: Date.now() + hour, ...extra })
    return url
  }

  const { warn } = console

  beforeAll(async () => {
    // The auth library warns at each key that is handed to it, whoever hands it.
    console.warn = () => {}
    const registered = await fetch(`${fixture.server.url}/_emulator/keys`, { method: 'PUT', body: publicKey })
    expect(registered.status).toBe(204)
  })

  afterAll(() => {
    console.warn = warn
  })

  test('read what they name and nothing else', async () => {
    await save('dir/ö (1).txt', 'bytes')
    const url = await signedUrl('dir/ö (1).txt', 'read')

    expect(await (await fetch(url)).text()).toBe('bytes')
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403)
    expect((await fetch(url.replace('1).txt', '2).txt').replace('%281%29', '%282%29'))).status).toBe(403)
  })

  test('write with the content type that was signed, not with another', async () => {
    const url = await signedUrl(`signed-${version}.png`, 'write', { contentType: 'image/png' })
    const put = (type: string) => fetch(url, { method: 'PUT', body: 'bytes', headers: { 'content-type': type } })

    expect((await put('text/html')).status).toBe(403)
    expect((await put('image/png')).status).toBe(200)
    expect((await fixture.bucket.file(`signed-${version}.png`).getMetadata())[0].contentType).toBe('image/png')
  })

  test('start a resumable upload that then needs no signature', async () => {
    const url = await signedUrl(`resumable-${version}`, 'resumable')

    const started = await fetch(url, { method: 'POST', headers: { 'x-goog-resumable': 'start' } })
    const session = started.headers.get('location')!
    const chunk = await fetch(session, {
      method: 'PUT',
      headers: { 'content-range': 'bytes 0-262143/*' },
      body: new Uint8Array(262144),
    })
    const last = await fetch(session, {
      method: 'PUT',
      headers: { 'content-range': 'bytes 262144-262145/262146' },
      body: 'ab',
    })

    expect([started.status, chunk.status, last.status]).toEqual([201, 308, 200])
    expect((await fixture.bucket.file(`resumable-${version}`).getMetadata())[0].size).toBe('262146')
  })

  test('end when their time is over', async () => {
    await save('short-lived', 'bytes')
    const url = await signedUrl('short-lived', 'read')
    expect((await fetch(url)).status).toBe(200)

    now = new Date(Date.now() + hour + 1000)

    const response = await fetch(url)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('<Code>ExpiredToken</Code>')
  })

  test('are refused where they were tampered with or signed by a stranger', async () => {
    await save('guarded', 'bytes')
    const url = new URL(await signedUrl('guarded', 'read'))
    const lifetime = version === 'v4' ? 'X-Goog-Expires' : 'Expires'
    url.searchParams.set(lifetime, String(Number(url.searchParams.get(lifetime)) + 1))
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    })
    const [foreign] = await signer(stranger.toString())
      .file('guarded')
      .getSignedUrl({ version, action: 'read', expires: Date.now() + hour })

    const response = await fetch(url)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect((await fetch(foreign)).status).toBe(403)
  })

  test('are still known after a restart', async () => {
    await save('restarted', 'bytes')
    const url = await signedUrl('restarted', 'read')

    await fixture.restart()

    expect((await fetch(url)).status).toBe(200)
  })
})

test('a key that is none is refused', async () => {
  const response = await fetch(`${fixture.server.url}/_emulator/keys`, { method: 'PUT', body: 'not a key' })

  expect(response.status).toBe(400)
})

describe('Firebase download URLs', () => {
  const url = (name: string, query: string) =>
    `${fixture.server.url}/v0/b/uploads/o/${encodeURIComponent(name)}?${query}`

  beforeAll(() =>
    save('showcase-images/u/c.png', 'picture', {
      contentType: 'image/png',
      metadata: { firebaseStorageDownloadTokens: 'first-token,second-token', other: 'x' },
    }),
  )

  test.each(['first-token', 'second-token'])('%s reads the object, from any origin', async (token) => {
    const response = await fetch(url('showcase-images/u/c.png', `alt=media&token=${token}`), {
      headers: { origin: 'https://app.example' },
    })

    expect(await response.text()).toBe('picture')
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test.each(['alt=media', 'alt=media&token=', 'alt=media&token=wrong', 'alt=media&token=first-token,second-token', ''])(
    'without a right token it is 403 (%s)',
    async (query) => {
      expect((await fetch(url('showcase-images/u/c.png', query))).status).toBe(403)
    },
  )

  test('an object without tokens is nobody’s to read, one that is not there is 404', async () => {
    await save('tokenless', 'bytes')

    expect((await fetch(url('tokenless', 'alt=media&token='))).status).toBe(403)
    expect((await fetch(url('nowhere', 'alt=media&token=x'))).status).toBe(404)
  })

  test('without alt=media the answer is the metadata as Firebase words it', async () => {
    const response = await fetch(url('showcase-images/u/c.png', 'token=first-token'))

    expect(await response.json()).toMatchObject({
      name: 'showcase-images/u/c.png',
      contentType: 'image/png',
      downloadTokens: 'first-token,second-token',
      metadata: { other: 'x' },
    })
  })

  test('ranges and preflights are answered', async () => {
    const media = url('showcase-images/u/c.png', 'alt=media&token=first-token')

    const range = await fetch(media, { headers: { range: 'bytes=0-2' } })
    const preflight = await fetch(media, { method: 'OPTIONS', headers: { 'access-control-request-headers': 'range' } })

    expect([range.status, await range.text()]).toEqual([206, 'pic'])
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'range'])
  })
})

test('GET / says that the server is ready', async () => {
  expect((await fetch(fixture.server.url)).status).toBe(200)
})

test('a path of nobody is 404 and a broken encoding 400', async () => {
  const nothing = await fetch(`${fixture.server.url}/storage/v1/b/uploads/notificationConfigs`)

  expect(nothing.status).toBe(404)
  expect(await nothing.json()).toMatchObject({ error: { message: expect.stringContaining('has nothing at GET') } })
  expect((await fetch(`${fixture.server.url}/b/uploads/o/%E0%A4%A`)).status).toBe(400)
})
