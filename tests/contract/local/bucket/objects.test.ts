import { type Fixture, startFixture, statusOf } from './bucket-server.ts'

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
    ['a simple upload', false],
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

  test('an object that is not there is 404', async () => {
    expect(await statusOf(fixture.bucket.file('missing').getMetadata())).toBe(404)
    expect(await statusOf(fixture.bucket.file('missing').download())).toBe(404)
    expect(await statusOf(fixture.bucket.file('missing').delete())).toBe(404)
  })
})
