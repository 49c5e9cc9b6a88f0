import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@google-cloud/storage'
import { type BucketServer, startBucketServer } from '#local/bucket/server.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { GenerationChangedError, ObjectStore } from '#shared/objects/object-store.ts'
import { ObjectStreams, openObjectStreams } from '#shared/objects/object-streams.ts'
import { type LoopbackServer, startServer } from '../http/loopback.ts'

let server: BucketServer
let dataDir: string
let streams: ObjectStreams
let store: ObjectStore
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'object-streams-'))
  server = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  await server.createBucket('models')
  const storage = new Storage({ projectId: 'p', apiEndpoint: server.url, useAuthWithCustomEndpoint: false })
  streams = openObjectStreams(storage)
  store = new ObjectStore(storage)
})
afterAll(async () => {
  streams.close()
  await server.close()
  await rm(dataDir, { recursive: true, force: true })
})

const object = (name: string) => ({ bucket: 'models', name, contentType: 'text/plain' })

async function* chunksOf(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

/** A server that answers every request with the same. */
async function answering(status: number, body: string, headers: Record<string, string> = {}) {
  const other: LoopbackServer = await startServer((_request, response) => response.writeHead(status, headers).end(body))
  const token = new ObjectStreams({ origin: other.url, accessToken: async () => 't0ken', http: createHttpClient() })
  return { other, token, close: () => Promise.all([token.close(), other.close()]) }
}

test.each([
  ['known', 10],
  ['not known', null],
] as const)('writes what comes when its size is %s', async (what, sizeBytes) => {
  const name = `folder ü/${what}`
  const facts = await streams.write({
    ...object(name),
    chunks: chunksOf('12345', '67890'),
    sizeBytes,
    ifGeneration: '0',
  })
  expect(facts).toMatchObject({ bucket: 'models', name, sizeBytes: 10, contentType: 'text/plain' })
  expect(await store.stat({ bucket: 'models', name })).toEqual(facts)
  const { generation } = facts
  expect(await textOf(streams.read(facts, { generation }))).toBe('1234567890')
  expect(await textOf(streams.read(facts, { generation, range: { first: 3, last: 5 } }))).toBe('456')
})

test('removes an object at its generation only, and one that is gone is fine', async () => {
  const write = () =>
    streams.write({ ...object('folder ü/gone'), chunks: chunksOf('1'), sizeBytes: 1, ifGeneration: '0' })
  const first = await write()
  await streams.remove(first, first.generation)
  expect(await store.stat(first)).toBeNull()
  await streams.remove(first, first.generation)
  const second = await write()
  await streams.remove(first, first.generation)
  expect((await store.stat(first))?.generation).toBe(second.generation)
})

test('overwrites nothing that is not as expected', async () => {
  const write = () => streams.write({ ...object('once'), chunks: chunksOf('1'), sizeBytes: 1, ifGeneration: '0' })
  await write()
  await expect(write()).rejects.toBeInstanceOf(GenerationChangedError)
})

test.each([
  ['its source fails', null],
  ['it is aborted', new AbortController()],
])('leaves nothing of an object when %s', async (what, abort) => {
  const reason = new Error('enough')
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(100_000)
    if (abort === null) throw reason
    abort.abort(reason)
    await new Promise(() => {})
  }
  const upload = { ...object(`cut ${what}`), chunks: broken(), sizeBytes: 200_000, ifGeneration: '0' }
  const signal = abort?.signal
  await expect(streams.write({ ...upload, signal })).rejects.toBe(reason)
  expect(await store.stat({ bucket: 'models', name: upload.name })).toBeNull()
})

test('sends its token, and says what a refusal means', async () => {
  const cases = [
    [400, { code: 'objects.refused', retryable: false }],
    [403, { code: 'objects.unavailable', retryable: true }],
    [404, { code: 'objects.unavailable', retryable: true }],
    [412, { code: 'objects.generation-changed', retryable: false }],
    [503, { code: 'objects.unavailable', retryable: true }],
  ] as const
  for (const [status, expected] of cases) {
    const { other, token, close } = await answering(status, '{"error":{}}')
    const write = token.write({ ...object('x'), chunks: chunksOf('1'), sizeBytes: 1, ifGeneration: '0' })
    await expect(write).rejects.toMatchObject(expected)
    if (status !== 412) {
      await expect(textOf(token.read(object('x'), { generation: '1' }))).rejects.toMatchObject(expected)
    }
    const remove = token.remove(object('x'), '1')
    if (status === 404 || status === 412) await remove
    else await expect(remove).rejects.toMatchObject(expected)
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual(other.seen.map(() => 'Bearer t0ken'))
    await close()
  }
})

test('bytes that are not those that were stored are a failure at their end', async () => {
  const { token, close } = await answering(200, 'other bytes', { 'x-goog-hash': 'crc32c=AAAAAA==,md5=x' })
  const read = textOf(token.read(object('x'), { generation: '1' }))
  await expect(read).rejects.toMatchObject({ code: 'objects.damaged', retryable: true })
  await close()
})

test('a located object is fetched by ranges at that generation, with the token where one is asked for', async () => {
  const name = 'located ü/#1%'
  const { generation } = await streams.write({
    ...object(name),
    chunks: chunksOf('12345', '67890'),
    sizeBytes: 10,
    ifGeneration: '0',
  })
  const { url, headers } = await streams.locate({ bucket: 'models', name }, generation)
  expect(headers).toEqual({})
  const range = await fetch(url, { headers: { range: 'bytes=3-5' } })
  expect([range.status, await range.text()]).toEqual([206, '456'])
  await store.remove({ bucket: 'models', name })
  expect((await fetch(url)).status).toBe(404)
  const { token, other, close } = await answering(200, '')
  expect(await token.locate({ bucket: 'models', name }, generation)).toEqual({
    url: url.replace(server.url, other.url),
    headers: { authorization: 'Bearer t0ken' },
  })
  await close()
})
