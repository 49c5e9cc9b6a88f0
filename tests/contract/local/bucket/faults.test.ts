import { randomBytes } from 'node:crypto'
import type { File } from '@google-cloud/storage'
import type { BucketEndpoint } from '#local/bucket/faults.ts'
import { clientOf, type Fixture, startFixture, statusOf } from './bucket-server.ts'

const MIB = 1024 * 1024
let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture()
})
afterEach(() => {
  fixture.server.faults.assertAllFired()
  fixture.server.faults.clear()
  expect(fixture.errors).toEqual([])
})
afterAll(() => fixture.stop())

const inject = (...orders: Parameters<Fixture['server']['faults']['inject']>) => fixture.server.faults.inject(...orders)

test('a status answers the next requests of its kind, and no others', async () => {
  inject({ fault: { kind: 'status', status: 503 }, times: 2, endpoint: 'metadata' })
  await fixture.bucket.file('a').save('x', { resumable: false })
  expect(await statusOf(fixture.bucket.file('a').getMetadata())).toBe(503)
  expect((await fixture.bucket.getFiles())[0]).toHaveLength(1)
  expect(await statusOf(fixture.bucket.file('a').getMetadata())).toBe(503)
  await expect(fixture.bucket.file('a').getMetadata()).resolves.toBeDefined()
})

const asks: [BucketEndpoint, (file: File) => Promise<unknown>][] = [
  ['upload', (file) => file.save('new', { resumable: false })],
  ['write', (file) => file.setMetadata({ contentType: 'a/b' })],
  ['write', (file) => file.copy('copied')],
  ['delete', (file) => file.delete()],
  ['download', (file) => file.download()],
  ['list', (file) => file.bucket.getFiles()],
]
test.each(asks)('an error for %s meets it before anything is done', async (endpoint, ask) => {
  const file = fixture.bucket.file('kept')
  await file.save('old', { resumable: false })
  const [before] = await file.getMetadata()
  inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint })
  expect(await statusOf(ask(file))).toBe(500)
  expect((await file.getMetadata())[0]).toEqual(before)
  expect(await fixture.bucket.file('copied').exists()).toEqual([false])
})

test('the official client tries again what may be tried again', async () => {
  const order = inject({ fault: { kind: 'status', status: 503 }, times: 1, endpoint: 'list' })
  const patient = clientOf(fixture.server.url, {
    retryOptions: { autoRetry: true, retryDelayMultiplier: 1, maxRetryDelay: 0.01 },
  })
  await expect(patient.bucket('uploads').getFiles()).resolves.toBeDefined()
  expect(order.fired).toBe(1)
})

test('a reset leaves nothing done, a lost answer everything', async () => {
  inject({ fault: { kind: 'reset' }, times: 1, endpoint: 'upload' })
  await expect(fixture.bucket.file('reset').save('x', { resumable: false })).rejects.toThrow()
  expect(await fixture.bucket.file('reset').exists()).toEqual([false])
  inject({ fault: { kind: 'lost-answer' }, times: 1, endpoint: 'upload' })
  await expect(fixture.bucket.file('lost').save('x', { resumable: false })).rejects.toThrow()
  expect(await fixture.bucket.file('lost').exists()).toEqual([true])
})

test('an upload that is reset in its body goes on from what was kept', async () => {
  const bytes = randomBytes(2 * MIB)
  const file = fixture.bucket.file('resumed')
  const [uri] = await file.createResumableUpload()
  inject({ fault: { kind: 'reset', atByte: MIB + 100 }, times: 1, endpoint: 'chunk' })
  await expect(fetch(uri, { method: 'PUT', body: bytes })).rejects.toThrow()
  const query = { method: 'PUT', headers: { 'content-range': `bytes */${bytes.byteLength}` } }
  const asked = await fetch(uri, query)
  expect([asked.status, asked.headers.get('range')]).toEqual([308, `bytes=0-${MIB - 1}`])
  const range = `bytes ${MIB}-${bytes.byteLength - 1}/${bytes.byteLength}`
  const rest = await fetch(uri, { method: 'PUT', body: bytes.subarray(MIB), headers: { 'content-range': range } })
  expect(rest.status).toBe(200)
  expect((await file.download())[0].equals(bytes)).toBe(true)
})

test('a download is cut, or stands still, after so many bytes', async () => {
  const bytes = randomBytes(MIB)
  await fixture.bucket.file('large').save(bytes, { resumable: false })
  const url = `${fixture.server.url}/download/storage/v1/b/uploads/o/large?alt=media`
  inject({ fault: { kind: 'reset', atByte: 300_000 }, times: 1, endpoint: 'download' })
  await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow()
  inject({ fault: { kind: 'stall', atByte: 300_000 }, times: 1, endpoint: 'download' })
  const stalled = new AbortController()
  const response = await fetch(url, { signal: stalled.signal })
  let receivedBytes = 0
  await expect(async () => {
    for await (const chunk of response.body ?? []) {
      receivedBytes += chunk.byteLength
      if (receivedBytes === 300_000) stalled.abort()
    }
  }).rejects.toThrow()
  expect(receivedBytes).toBe(300_000)
  expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true)
})

test('a slow body and a late answer take their time and are whole', async () => {
  const bytes = randomBytes(200_000)
  inject({ fault: { kind: 'slow', bytesPerSecond: 4_000_000 }, times: 2 })
  inject({ fault: { kind: 'delay', ms: 30 }, times: 1, endpoint: 'metadata' })
  const started = performance.now()
  await fixture.bucket.file('slow').save(bytes, { resumable: false })
  expect((await fixture.bucket.file('slow').download())[0].equals(bytes)).toBe(true)
  await fixture.bucket.file('slow').getMetadata()
  expect(performance.now() - started).toBeGreaterThan(125)
})

test('a request that stalls ends when its sender gives up', async () => {
  inject({ fault: { kind: 'stall' }, times: 1, endpoint: 'list' })
  const ask = fetch(`${fixture.server.url}/storage/v1/b/uploads/o`, { signal: AbortSignal.timeout(50) })
  await expect(ask).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('a request brings its own fault in a header', async () => {
  const url = `${fixture.server.url}/storage/v1/b/uploads/o`
  const asked = (fault: string) => fetch(url, { headers: { 'x-fault': fault } })
  expect((await asked('{"kind":"status","status":429}')).status).toBe(429)
  expect((await fetch(url)).status).toBe(200)
  expect((await asked('nonsense')).status).toBe(400)
})

test('other processes order faults over HTTP and see which fired', async () => {
  const control = `${fixture.server.url}/_control/faults`
  const order = { fault: { kind: 'status', status: 502 }, endpoint: 'list' }
  expect((await fetch(control, { method: 'POST', body: JSON.stringify(order) })).status).toBe(201)
  expect(() => fixture.server.faults.assertAllFired()).toThrow(/status \(0 of 1\)/)
  expect((await fetch(`${fixture.server.url}/storage/v1/b/uploads/o`)).status).toBe(502)
  expect(await (await fetch(control)).json()).toEqual([{ ...order, times: 1, fired: 1 }])
})
