import { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { clientOf, type Fixture, startFixture, statusOf } from './bucket-server.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture()
})

afterEach(() => {
  expect(fixture.errors).toEqual([])
})

afterAll(() => fixture.stop())

describe('writing and reading', () => {
  test.each([
    ['a multipart upload', false],
    ['a resumable upload', true],
  ])('%s comes back byte for byte with its metadata', async (_title, resumable) => {
    const file = fixture.bucket.file(`raw uploads/ü/${resumable}.png`)

    await file.save(Buffer.from('not a picture'), {
      resumable,
      metadata: { contentType: 'image/png', cacheControl: 'public, max-age=31536000', metadata: { owner: 'zoë' } },
    })

    const [bytes] = await file.download()
    const [metadata] = await file.getMetadata()
    expect(bytes.toString()).toBe('not a picture')
    expect(metadata).toMatchObject({
      kind: 'storage#object',
      name: file.name,
      bucket: 'uploads',
      contentType: 'image/png',
      cacheControl: 'public, max-age=31536000',
      metadata: { owner: 'zoë' },
      size: '13',
      metageneration: '1',
      storageClass: 'STANDARD',
    })
    expect(metadata.generation).toMatch(/^\d{16}$/)
  })

  test('an empty object can be written and read', async () => {
    const file = fixture.bucket.file('empty')

    await file.save('')

    expect((await file.download())[0]).toHaveLength(0)
    expect((await file.getMetadata())[0]).toMatchObject({ size: '0', crc32c: 'AAAAAA==' })
  })

  test('random bytes pass the checksum that the client verifies', async () => {
    const bytes = randomBytes(3_000_001)
    const file = fixture.bucket.file('random')

    await file.save(bytes, { validation: 'md5' })

    expect((await file.download({ validation: 'md5' }))[0].equals(bytes)).toBe(true)
  })

  test('content that holds a line that looks like a boundary comes back whole', async () => {
    const tricky = Buffer.from('a\r\n--b\r\n\r\n--\r\n--boundary-not\r\n'.repeat(5000))
    const file = fixture.bucket.file('tricky')

    await file.save(tricky, { resumable: false })

    expect((await file.download())[0].equals(tricky)).toBe(true)
  })

  test('a simple upload takes the name from the query and the type from the header', async () => {
    const response = await fetch(
      `${fixture.server.url}/upload/storage/v1/b/uploads/o?uploadType=media&name=notes%2Fa.txt`,
      { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain' } },
    )

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ name: 'notes/a.txt', contentType: 'text/plain', size: '5' })
  })

  test('a client that knows the server by STORAGE_EMULATOR_HOST works the same', async () => {
    process.env.STORAGE_EMULATOR_HOST = fixture.server.url
    try {
      const file = clientOf(fixture.server.url).bucket('uploads').file('through the environment')

      await file.save('bytes')
      await file.setMetadata({ contentType: 'text/plain' })

      expect((await file.download())[0].toString()).toBe('bytes')
      expect((await fixture.bucket.file(file.name).getMetadata())[0].contentType).toBe('text/plain')
    } finally {
      delete process.env.STORAGE_EMULATOR_HOST
    }
  })

  test('an object that is not there is 404 for every verb, with the words of the service', async () => {
    const missing = fixture.bucket.file('missing')

    expect(await statusOf(missing.getMetadata())).toBe(404)
    expect(await statusOf(missing.setMetadata({ contentType: 'a/b' }))).toBe(404)
    expect(await statusOf(missing.delete())).toBe(404)
    expect(await statusOf(missing.copy('elsewhere'))).toBe(404)
    await expect(missing.download()).rejects.toMatchObject({ code: 404, message: 'No such object: uploads/missing' })
    expect(await missing.exists()).toEqual([false])
  })

  test('errors have the JSON shape of the API', async () => {
    const response = await fetch(`${fixture.server.url}/storage/v1/b/uploads/o/missing`)

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: {
        code: 404,
        message: 'No such object: uploads/missing',
        errors: [{ message: 'No such object: uploads/missing', domain: 'global', reason: 'notFound' }],
      },
    })
  })

  test.each([
    ['an empty name', '', 400],
    ['a name of more than 1024 bytes', 'ü'.repeat(513), 400],
    ['a name with a line feed', 'a\nb', 400],
    ['two dots', '..', 400],
  ])('%s is refused', async (_title, name, status) => {
    const url = `${fixture.server.url}/upload/storage/v1/b/uploads/o?uploadType=media&name=${encodeURIComponent(name)}`

    const response = await fetch(url, { method: 'POST', body: 'x' })

    expect(response.status).toBe(status)
  })

  test('nothing appears by being used: an upload to an unknown bucket is 404', async () => {
    const strange = fixture.storage.bucket('never-created')

    expect(await statusOf(strange.file('a').save('x', { resumable: false }))).toBe(404)
    expect(await statusOf(strange.file('a').save('x', { resumable: true }))).toBe(404)
    expect(await statusOf(strange.getFiles())).toBe(404)
    expect(await strange.exists()).toEqual([false])
  })
})

describe('downloads', () => {
  const url = () => `${fixture.server.url}/download/storage/v1/b/uploads/o/digits?alt=media`

  beforeAll(async () => {
    await fixture.bucket.file('digits').save('0123456789', { metadata: { contentType: 'text/plain' } })
  })

  test.each([
    ['a middle range', { start: 2, end: 4 }, '234'],
    ['an open range', { start: 7 }, '789'],
    ['a suffix', { end: -3 }, '789'],
    ['a range past the end', { start: 8, end: 99 }, '89'],
  ])('%s gives those bytes', async (_title, range, expected) => {
    const [bytes] = await fixture.bucket.file('digits').download(range)

    expect(bytes.toString()).toBe(expected)
  })

  test('a range says which bytes it is of how many', async () => {
    const response = await fetch(url(), { headers: { range: 'bytes=2-4' } })

    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe('bytes 2-4/10')
    expect(response.headers.get('content-length')).toBe('3')
  })

  test('a range that begins after the end is 416', async () => {
    expect((await fetch(url(), { headers: { range: 'bytes=10-' } })).status).toBe(416)
    expect(await statusOf(fixture.bucket.file('digits').download({ start: 10 }))).toBe(416)
  })

  test('the headers tell the version, the checksums and what is stored', async () => {
    const [metadata] = await fixture.bucket.file('digits').getMetadata()

    const { headers } = await fetch(url())

    expect(headers.get('x-goog-generation')).toBe(metadata.generation)
    expect(headers.get('x-goog-metageneration')).toBe('1')
    expect(headers.get('x-goog-hash')).toBe(`crc32c=${metadata.crc32c},md5=${metadata.md5Hash}`)
    expect(headers.get('etag')).toBe(metadata.etag)
    expect(headers.get('content-type')).toBe('text/plain')
    expect(headers.get('x-goog-stored-content-length')).toBe('10')
  })

  test('If-Range with another version gets the whole new object instead of a range', async () => {
    const response = await fetch(url(), { headers: { range: 'bytes=2-4', 'if-range': 'of-yesterday' } })

    expect(response.status).toBe(200)
    expect(await response.text()).toBe('0123456789')
  })

  test('HEAD has the headers of GET and no body', async () => {
    const response = await fetch(url(), { method: 'HEAD' })

    expect(response.headers.get('content-length')).toBe('10')
    expect(await response.text()).toBe('')
  })

  test('a reader of an object that is overwritten meanwhile reads the old one to its end', async () => {
    const file = fixture.bucket.file('being-read')
    await file.save(Buffer.alloc(8_000_000, 'a'))
    const response = await fetch(`${fixture.server.url}/b/uploads/o/being-read?alt=media`)
    const reader = response.body!.getReader()
    const first = await reader.read()

    await file.save('b')
    let sizeBytes = first.value!.byteLength
    for (let part = await reader.read(); !part.done; part = await reader.read()) sizeBytes += part.value.byteLength

    expect(sizeBytes).toBe(8_000_000)
    expect((await file.download())[0].toString()).toBe('b')
  })
})

describe('gzip', () => {
  const text = 'the same words '.repeat(1000)
  const mediaUrl = (name: string) => `${fixture.server.url}/storage/v1/b/uploads/o/${name}?alt=media`

  beforeAll(async () => {
    await fixture.bucket.file('zipped').save(text, { gzip: true, resumable: false })
  })

  test('is unzipped for a reader that does not accept it', async () => {
    const response = await fetch(mediaUrl('zipped'), { headers: { 'accept-encoding': 'identity' } })

    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('x-goog-stored-content-encoding')).toBe('gzip')
    expect(await response.text()).toBe(text)
  })

  test('is passed as stored to a reader that accepts it, which the client unzips', async () => {
    const [stored] = await fixture.bucket.file('zipped').download({ decompress: false })
    const [read] = await fixture.bucket.file('zipped').download()

    expect(gunzipSync(stored).toString()).toBe(text)
    expect(read.toString()).toBe(text)
  })

  test('stays as it is where the object says no-transform', async () => {
    const stored = gzipSync(text)
    const metadata = { contentEncoding: 'gzip', cacheControl: 'no-transform' }
    await fixture.bucket.file('kept').save(stored, { metadata, resumable: false })

    const response = await fetch(mediaUrl('kept'), { headers: { 'accept-encoding': 'identity' } })

    expect(response.headers.get('content-length')).toBe(String(stored.byteLength))
  })
})

describe('checksums', () => {
  test.each([
    ['an MD5 in the metadata', { md5Hash: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
    ['a CRC32C in the metadata', { crc32c: 'AAAAAA==' }],
  ])('%s that is not the content’s is refused, and nothing is stored', async (_title, declared) => {
    for (const resumable of [false, true]) {
      const file = fixture.bucket.file(`mismatch-${resumable}`)

      expect(await statusOf(file.save('bytes', { resumable, validation: false, metadata: declared }))).toBe(400)
      expect(await file.exists()).toEqual([false])
    }
  })

  test.each([
    ['x-goog-hash', 'crc32c=AAAAAA=='],
    ['x-goog-hash', 'md5=AAAAAAAAAAAAAAAAAAAAAA=='],
    ['content-md5', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ])('a wrong %s header (%s) is refused', async (name, value) => {
    const url = `${fixture.server.url}/upload/storage/v1/b/uploads/o?uploadType=media&name=by-header`

    const response = await fetch(url, { method: 'POST', body: 'bytes', headers: { [name]: value } })

    expect(response.status).toBe(400)
    expect((await fixture.bucket.file('by-header').exists())[0]).toBe(false)
  })

  test('the right ones are accepted', async () => {
    // The check value of CRC-32C (RFC 3720 uses the same polynomial) and the MD5 of the same nine digits.
    const metadata = { crc32c: '4waSgw==', md5Hash: 'JfnnlDI7RTiF9RgfG2JNCw==' }

    await fixture.bucket.file('declared').save('123456789', { resumable: false, metadata })

    expect((await fixture.bucket.file('declared').getMetadata())[0]).toMatchObject(metadata)
  })
})
