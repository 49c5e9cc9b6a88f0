import type { FileMetadata } from '@google-cloud/storage'
import { type Fixture, startFixture } from './bucket-server.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture()
})

afterAll(async () => {
  await fixture.stop()
  expect(fixture.errors).toEqual([])
})

async function fileWith(name: string, metadata: FileMetadata) {
  const file = fixture.bucket.file(name)
  await file.save('bytes', { resumable: false, metadata })
  return file
}

test('a patch changes what it names, adds a metageneration and keeps the generation', async () => {
  const file = await fileWith('patched', {
    contentType: 'a/b',
    cacheControl: 'no-cache',
    metadata: { kept: '1', changed: '2' },
  })
  const [before] = await file.getMetadata()

  await file.setMetadata({ contentType: 'image/png', metadata: { changed: '3', added: '4' } })

  const [after] = await file.getMetadata()
  expect(after).toMatchObject({
    contentType: 'image/png',
    cacheControl: 'no-cache',
    metadata: { kept: '1', changed: '3', added: '4' },
    generation: before.generation,
    metageneration: '2',
  })
  expect(after.etag).not.toBe(before.etag)
})

test('a null deletes a field, or one key of the custom metadata', async () => {
  const file = await fileWith('nulled', { cacheControl: 'no-cache', metadata: { kept: '1', gone: '2' } })

  await file.setMetadata({ cacheControl: null as never, metadata: { gone: null } })

  const [{ cacheControl, metadata }] = await file.getMetadata()
  expect({ cacheControl, metadata }).toEqual({ cacheControl: undefined, metadata: { kept: '1' } })
})

test('metadata: null deletes all custom metadata', async () => {
  const file = await fileWith('emptied', { metadata: { a: '1', b: '2' } })

  await file.setMetadata({ metadata: null as never })

  expect((await file.getMetadata())[0].metadata).toBeUndefined()
})

test('an update replaces all metadata', async () => {
  const file = await fileWith('updated', { contentType: 'a/b', cacheControl: 'no-cache', metadata: { a: '1' } })

  const response = await fetch(`${fixture.server.url}/storage/v1/b/uploads/o/updated`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ contentType: 'c/d', metadata: { b: '2' } }),
  })

  expect(response.status).toBe(200)
  const [{ contentType, cacheControl, metadata }] = await file.getMetadata()
  expect({ contentType, cacheControl, metadata }).toEqual({
    contentType: 'c/d',
    cacheControl: undefined,
    metadata: { b: '2' },
  })
})

test('concurrent patches of different keys all arrive', async () => {
  const file = await fileWith('shared', {})

  await Promise.all(Array.from({ length: 10 }, (_, key) => file.setMetadata({ metadata: { [`key${key}`]: 'x' } })))

  const [{ metadata, metageneration }] = await file.getMetadata()
  expect(Object.keys(metadata ?? {})).toHaveLength(10)
  expect(metageneration).toBe('11')
})

test('an overwrite starts anew: no old metadata, metageneration 1', async () => {
  const file = await fileWith('overwritten', { metadata: { a: '1' } })
  await file.setMetadata({ metadata: { b: '2' } })

  await file.save('new', { resumable: false })

  expect((await file.getMetadata())[0]).toMatchObject({ metageneration: '1', size: '3' })
  expect((await file.getMetadata())[0].metadata).toBeUndefined()
})

test.each([
  ['no JSON', '{'],
  ['a list', '[]'],
  ['metadata that is no map', '{"metadata":"text"}'],
  ['a content type that is no text', '{"contentType":{}}'],
])('a patch with %s is 400', async (_title, body) => {
  await fileWith('refused', {})

  const response = await fetch(`${fixture.server.url}/b/uploads/o/refused`, { method: 'PATCH', body })

  expect(response.status).toBe(400)
})
