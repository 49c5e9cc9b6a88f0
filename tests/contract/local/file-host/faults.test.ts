import type { FileHostFault } from '#local/file-host/faults.ts'
import { type FileHost, type HostedFile, startFileHost } from '#local/file-host/server.ts'
import { type Exchange, exchange } from './exchange.ts'

const SIZE_BYTES = 100_000

let host: FileHost
let file: HostedFile
let right: Buffer
beforeEach(async () => {
  host = await startFileHost()
  file = host.add({ content: { kind: 'random', sizeBytes: SIZE_BYTES, seed: 5 } })
  right = (await get()).body
})
afterEach(async () => {
  // Whatever a test injected has met somebody, and does not come again.
  host.assertAllFired()
  expect(hasRightly(await get())).toBe(true)
  await host.close()
})

const get = (headers: Record<string, string> = {}): Promise<Exchange> => exchange(host.locationOf(file), headers)
const part = (first: number, last: number): Promise<Exchange> => get({ range: `bytes=${first}-${last}` })
const inject = (fault: FileHostFault, times = 1) => host.inject({ fault, times })
/** Whether an answer that ended cleanly has exactly these bytes of the file. */
const hasRightly = ({ body, ending }: Exchange, first = 0, end = SIZE_BYTES): boolean =>
  ending === 'end' && body.equals(right.subarray(first, end))

test.each([401, 403, 404, 410, 429, 500, 503])('status %i comes with the words of the storage', async (status) => {
  inject({ kind: 'status', status, retryAfter: 7, rateLimit: '"api";r=0;t=55' })
  const answer = await get()
  expect(answer.status).toBe(status)
  expect(answer.headers.get('retry-after')).toBe('7')
  expect(answer.headers.get('ratelimit')).toBe('"api";r=0;t=55')
  expect(answer.headers.get('content-type')).toBe('application/xml')
  expect(answer.body.toString()).toMatch(/<Error><Code>\w+<\/Code>/)
})

test('a file that is not found once is found then', async () => {
  inject({ kind: 'status', status: 404 })
  expect([(await get()).status, (await get()).status]).toEqual([404, 200])
})

test.each([
  ['html', 'text/html; charset=utf-8', '<!DOCTYPE html>'],
  ['json', 'application/json', '{"error":'],
] as const)('%s comes in place of the file, with status 200', async (kind, type, start) => {
  inject({ kind })
  const answer = await part(0, 9)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
  expect(answer.body.toString()).toContain(start)
})

test('a second lane is refused while the first is open, and not after it', async () => {
  inject({ kind: 'refuse-lane' })
  inject({ kind: 'stall', atByte: 10 })
  const stalled = new AbortController()
  const first = await fetch(host.locationOf(file), { signal: stalled.signal })
  expect((await get()).status).toBe(403)
  stalled.abort()
  await first.arrayBuffer().catch(() => null)
})

test.each([
  ['no-ranges', undefined],
  ['whole-for-range', 'bytes'],
] as const)('%s answers a range with the whole file, and Accept-Ranges %j', async (kind, acceptRanges) => {
  inject({ kind })
  const answer = await part(10, 19)
  expect([answer.status, hasRightly(answer)]).toEqual([200, true])
  expect(answer.headers.get('accept-ranges')).toBe(acceptRanges)
  expect(answer.headers.get('content-length')).toBe(String(SIZE_BYTES))
  expect(answer.headers.has('content-range')).toBe(false)
})

test.each([
  ['shifted', `bytes 11-20/${SIZE_BYTES}`],
  ['wrong-total', `bytes 10-19/${SIZE_BYTES + 1}`],
  ['missing', undefined],
] as const)('wrong-content-range %s says %j', async (how, told) => {
  inject({ kind: 'wrong-content-range', how })
  const answer = await part(10, 19)
  expect([answer.status, hasRightly(answer, 10, 20)]).toEqual([206, true])
  expect(answer.headers.get('content-range')).toBe(told)
})

describe('changed-etag', () => {
  test('makes an If-Range with the old one miss, from then on', async () => {
    const old = file.etag
    inject({ kind: 'changed-etag' })
    for (const _ of [1, 2]) {
      const answer = await get({ range: 'bytes=10-19', 'if-range': old })
      expect([answer.status, hasRightly(answer)]).toEqual([200, true])
      expect(answer.headers.get('etag')).toBe(file.etag)
    }
    expect(file.etag).not.toBe(old)
    expect((await get({ range: 'bytes=10-19', 'if-range': file.etag })).status).toBe(206)
  })

  test('can come with other bytes of the same length, while the hubs still tell the old hash', async () => {
    const { sha256 } = file
    inject({ kind: 'changed-etag', newBytes: true })
    const { body } = await get()
    expect(body.byteLength).toBe(SIZE_BYTES)
    expect(body.equals(right)).toBe(false)
    expect(file.sha256).toBe(sha256)
    right = body
  })

  test('waits until somebody knows the old one', async () => {
    const known = file
    file = host.add({ content: { kind: 'bytes', bytes: right } })
    const { etag } = file
    inject({ kind: 'changed-etag' })
    await get()
    expect(file.etag).toBe(etag)
    expect(() => host.assertAllFired()).toThrow('changed-etag')
    file = known
    await get()
  })
})

test('slow sends this answer at its pace', async () => {
  inject({ kind: 'slow', bytesPerSecond: 500_000 })
  const startMs = performance.now()
  expect(hasRightly(await get())).toBe(true)
  expect(performance.now() - startMs).toBeGreaterThan(150)
})

describe.each([
  ['truncated', 'end'],
  ['expire', 'end'],
  ['reset', 'reset'],
] as const)('%s', (kind, ending) => {
  test.each([0, 1, 66_000])(`cuts the answer at byte %i`, async (atByte) => {
    inject({ kind, atByte })
    const answer = await part(1000, SIZE_BYTES - 1)
    expect([answer.status, answer.ending]).toEqual([206, ending])
    expect(answer.headers.get('content-length')).toBe(String(SIZE_BYTES - 1000))
    // What was under way when a connection is reset is lost.
    if (kind !== 'reset') expect(answer.body.byteLength).toBe(atByte)
    expect(answer.body.equals(right.subarray(1000, 1000 + answer.body.byteLength))).toBe(true)
    expect(host.requests.at(-1)).toMatchObject({ status: 206, bytesSent: atByte, fault: kind })
  })
})

test('expire ends every URL that was handed out before', async () => {
  const url = host.locationOf(file)
  inject({ kind: 'expire', atByte: 10 })
  await exchange(url)
  expect((await exchange(url)).status).toBe(403)
})

test('stall sends nothing more until the client goes', async () => {
  inject({ kind: 'stall', atByte: 70_000 })
  const answer = await exchange(host.locationOf(file), {}, { leaveAt: 70_000 })
  expect(answer.body.equals(right.subarray(0, 70_000))).toBe(true)
  expect(answer.ending).toBe('ours')
})

test('a host that closes ends what has stalled', async () => {
  const other = await startFileHost()
  const silent = other.add({ content: { kind: 'random', sizeBytes: 100, seed: 1 } })
  other.inject({ fault: { kind: 'stall', atByte: 0 }, times: 1 })
  const response = await fetch(other.locationOf(silent))
  await other.close()
  await expect(response.arrayBuffer()).rejects.toThrow('terminated')
})

test.each([
  [undefined, SIZE_BYTES],
  [500, 500],
])('no-content-length at byte %j ends with the connection after %i bytes', async (atByte, end) => {
  inject({ kind: 'no-content-length', ...(atByte === undefined ? {} : { atByte }) })
  const answer = await get()
  expect([answer.status, hasRightly(answer, 0, end)]).toEqual([200, true])
  expect([answer.headers.has('content-length'), answer.headers.has('transfer-encoding')]).toEqual([false, false])
})

test.each([
  [undefined, 45],
  [0, 0],
  [89, 89],
])('corrupt at byte %j gives the right length with byte %i wrong', async (atByte, wrong) => {
  inject({ kind: 'corrupt', ...(atByte === undefined ? {} : { atByte }) })
  const { status, body } = await part(10, 99)
  const expected = Buffer.from(right.subarray(10, 100))
  expected[wrong]! ^= 0xff
  expect(status).toBe(206)
  expect(body.equals(expected)).toBe(true)
})

describe('a fault waits for the answer', () => {
  test('that is long enough for it', async () => {
    inject({ kind: 'truncated', atByte: 10 })
    expect((await part(0, 9)).body.byteLength).toBe(10)
    expect((await part(0, 10)).body.byteLength).toBe(10)
  })

  test('that has the bytes that it asks for', async () => {
    inject({ kind: 'status', status: 500, minBytes: 100, containing: 5000 })
    const statuses = [await part(5000, 5000), await part(0, 4999), await part(5001, 6000), await part(4950, 5050)]
    expect(statuses.map(({ status }) => status)).toEqual([206, 206, 206, 500])
  })

  test('and fires only if the harm was done', async () => {
    const fault = inject({ kind: 'truncated', atByte: SIZE_BYTES - 1 })
    host.shape({ bytesPerSecondPerConnection: 100_000 })
    await exchange(host.locationOf(file), {}, { leaveAt: 2000 })
    expect(fault.fired).toBe(0)
    expect(() => host.assertAllFired()).toThrow('truncated (0 of 1)')
    await fetch(`${host.url}/_control/faults`, { method: 'DELETE' })
    host.shape({})
  })
})

test('another process can order faults and read what was asked', async () => {
  const order = { fault: { kind: 'status', status: 503 } }
  const ordered = await fetch(`${host.url}/_control/faults`, { method: 'POST', body: JSON.stringify(order) })
  expect(ordered.status).toBe(201)
  expect((await get()).status).toBe(503)
  const faults = (await (await fetch(`${host.url}/_control/faults`)).json()) as unknown
  expect(faults).toMatchObject([{ fault: { kind: 'status' }, fired: 1 }])
  const requests = (await (await fetch(`${host.url}/_control/requests`)).json()) as unknown
  expect(requests).toMatchObject([{ status: 200 }, { status: 503, fault: 'status' }])
})
