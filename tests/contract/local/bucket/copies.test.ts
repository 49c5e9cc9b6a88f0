import { randomBytes } from 'node:crypto'
import type { FileMetadata } from '@google-cloud/storage'
import { type Fixture, startFixture, statusOf } from './bucket-server.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture()
  await fixture.server.createBucket('models')
})

afterAll(async () => {
  await fixture.stop()
  expect(fixture.errors).toEqual([])
})

async function save(name: string, content: string | Buffer, metadata: FileMetadata = {}) {
  const file = fixture.bucket.file(name)
  await file.save(content, { resumable: false, metadata })
  return file
}

async function read(name: string, bucket = fixture.bucket): Promise<string> {
  return (await bucket.file(name).download())[0].toString()
}

describe('copy', () => {
  test('makes an object of its own with the same bytes and metadata', async () => {
    const source = await save('original', 'bytes', { contentType: 'a/b', metadata: { a: '1' } })

    await source.copy(fixture.storage.bucket('models').file('copy'))
    await source.delete()

    const copy = fixture.storage.bucket('models').file('copy')
    expect((await copy.getMetadata())[0]).toMatchObject({
      contentType: 'a/b',
      metadata: { a: '1' },
      metageneration: '1',
    })
    expect(await read('copy', fixture.storage.bucket('models'))).toBe('bytes')
  })

  test('takes the metadata that it is given instead of the source’s', async () => {
    const source = await save('relabelled', 'bytes', { contentType: 'a/b', metadata: { a: '1' } })

    await source.copy('label', { contentType: 'c/d', metadata: { b: '2' } })

    expect((await fixture.bucket.file('label').getMetadata())[0]).toMatchObject({
      contentType: 'c/d',
      metadata: { b: '2' },
    })
    expect((await fixture.bucket.file('label').getMetadata())[0].metadata).toEqual({ b: '2' })
  })

  test('onto itself makes a new generation', async () => {
    const file = await save('renewed', 'bytes')
    const [before] = await file.getMetadata()

    await file.copy(file)

    const [after] = await file.getMetadata()
    expect(Number(after.generation)).toBeGreaterThan(Number(before.generation))
    expect(await read('renewed')).toBe('bytes')
  })

  test('to a bucket that is not there is 404', async () => {
    const source = await save('homeless', 'bytes')

    expect(await statusOf(source.copy(fixture.storage.bucket('not-there').file('x')))).toBe(404)
  })
})

describe('compose', () => {
  test('joins objects in order; CRC32C is the whole’s, MD5 is absent', async () => {
    const parts = [randomBytes(100_003), randomBytes(7), Buffer.alloc(0), randomBytes(65_536)]
    const files = []
    for (const [index, part] of parts.entries()) files.push(await save(`part-${index}`, part))
    const whole = Buffer.concat(parts)

    await fixture.bucket.combine(files, fixture.bucket.file('composed.bin'))

    // The client verifies the CRC32C over all bytes; a plain upload of them must have the same.
    const [bytes] = await fixture.bucket.file('composed.bin').download({ validation: 'crc32c' })
    const [metadata] = await fixture.bucket.file('composed.bin').getMetadata()
    const [plain] = await (await save('plain', whole)).getMetadata()
    expect(bytes.equals(whole)).toBe(true)
    expect(metadata).toMatchObject({ componentCount: 4, size: String(whole.length), crc32c: plain.crc32c })
    expect(metadata.md5Hash).toBeUndefined()
  })

  test('of composites counts all components and outlives its sources', async () => {
    const ab = [await save('a', 'A'), await save('b', 'B')]
    await fixture.bucket.combine(ab, 'ab')
    await save('c', 'C')
    await fixture.bucket.combine(['ab', 'c'], 'abc')

    for (const name of ['a', 'b', 'c', 'ab']) await fixture.bucket.file(name).delete()

    expect(await read('abc')).toBe('ABC')
    expect((await fixture.bucket.file('abc').getMetadata())[0].componentCount).toBe(3)
    expect((await fixture.bucket.file('abc').download({ start: 1, end: 1 }))[0].toString()).toBe('B')
  })

  test('onto one of its sources appends', async () => {
    await save('log', 'one ')
    await save('more', 'two')

    await fixture.bucket.combine(['log', 'more'], 'log')

    expect(await read('log')).toBe('one two')
  })

  test('refuses more than 32 sources, none, a missing one and an old generation', async () => {
    await save('one', '1')
    const compose = async (sourceObjects: object[]): Promise<number> => {
      const url = `${fixture.server.url}/storage/v1/b/uploads/o/refused/compose`
      return (await fetch(url, { method: 'POST', body: JSON.stringify({ sourceObjects }) })).status
    }

    expect(await compose(Array.from({ length: 33 }, () => ({ name: 'one' })))).toBe(400)
    expect(await compose([])).toBe(400)
    expect(await compose([{ name: 'one' }, { name: 'missing' }])).toBe(404)
    expect(await compose([{ name: 'one', generation: '7' }])).toBe(404)
    expect(await compose([{ name: 'one', objectPreconditions: { ifGenerationMatch: '7' } }])).toBe(412)
    expect(await compose(Array.from({ length: 32 }, () => ({ name: 'one' })))).toBe(200)
  })
})

describe('move', () => {
  test('renames: the new name has bytes and metadata, the old one is gone', async () => {
    const file = await save('old-name', 'bytes', { metadata: { a: '1' } })

    await file.moveFileAtomic('new-name')

    expect(await read('new-name')).toBe('bytes')
    expect((await fixture.bucket.file('new-name').getMetadata())[0].metadata).toEqual({ a: '1' })
    expect(await file.exists()).toEqual([false])
  })

  test('under a condition that does not hold moves nothing', async () => {
    const file = await save('stays', 'bytes')
    await save('taken', 'other')

    expect(await statusOf(file.moveFileAtomic('taken', { preconditionOpts: { ifGenerationMatch: 0 } }))).toBe(412)
    expect([await read('stays'), await read('taken')]).toEqual(['bytes', 'other'])
  })

  test('by the client’s copy and delete works too', async () => {
    const file = await save('by-copy', 'bytes')

    await file.move('by-copy-moved')

    expect(await read('by-copy-moved')).toBe('bytes')
    expect(await file.exists()).toEqual([false])
  })
})
