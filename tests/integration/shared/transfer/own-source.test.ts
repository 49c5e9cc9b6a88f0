import { createHash } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { failureOf, PART_BYTES, startTransferWorld, type TransferWorld } from './transfer-world.ts'

/** What the file host of the local cloud does not do: other storages' habits, and a look at the connections. */
type Answer = (range: { first: number; last: number }, request: IncomingMessage, response: ServerResponse) => void

const bytes = Buffer.alloc(12 * PART_BYTES, 'The quick brown fox. ')
const sha256 = createHash('sha256').update(bytes).digest('hex')

let world: TransferWorld
let server: http.Server
let connections = 0
let answer: Answer
beforeEach(async () => {
  world = await startTransferWorld()
  connections = 0
  server = http.createServer((request, response) => {
    const match = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '')
    const first = Number(match?.[1] ?? 0)
    const last = match?.[2] ? Number(match[2]) : bytes.byteLength - 1
    answer({ first, last }, request, response)
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await world.close()
})

const sendRange: Answer = ({ first, last }, _request, response) => {
  const headers = { 'content-range': `bytes ${first}-${last}/${bytes.byteLength}`, 'content-length': last - first + 1 }
  response.writeHead(206, { ...headers, etag: '"1"' }).end(bytes.subarray(first, last + 1))
}

function copy(stated: { sizeBytes: number | null; sha256: string | null }, overrides: object = {}) {
  const file = { ...world.add({ content: { kind: 'bytes', bytes } }), ...stated }
  const { port } = server.address() as AddressInfo
  const locate = async () => {
    world.located++
    return { url: `http://127.0.0.1:${port}/file?n=${world.located}`, headers: {}, sizeBytes: null, sha256: null }
  }
  return world.copy(file as never, { locate, stated, ...overrides })
}

test('one connection carries one part after the other', async () => {
  let asked = 0
  answer = (range, request, response) => {
    asked++
    // Slow enough for a second lane to come, and for lanes to ask part by part.
    setTimeout(() => sendRange(range, request, response), 60)
  }
  const verified = await copy({ sizeBytes: bytes.byteLength, sha256 }, { options: { maxLanes: 2 } })
  expect(verified.sha256).toBe(sha256)
  expect(connections).toBeLessThanOrEqual(Math.max(3, asked / 2))
})

test("Google's 400 for a signed URL that has expired asks for a fresh one", async () => {
  answer = (range, request, response) => {
    if (request.url === '/file?n=1') response.writeHead(400).end('<Error><Code>ExpiredToken</Code></Error>')
    else sendRange(range, request, response)
  }
  expect((await copy({ sizeBytes: null, sha256: null })).sha256).toBe(sha256)
  expect(world.located).toBe(2)
})

test('another 400 is final', async () => {
  answer = (_range, _request, response) => response.writeHead(400).end('<Error><Code>InvalidRequest</Code></Error>')
  expect(await failureOf(copy({ sizeBytes: null, sha256 }))).toMatchObject({ code: 'http.status', retryable: false })
})

test('416 to the first byte means that there is none', async () => {
  answer = (_range, _request, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end()
  expect(await failureOf(copy({ sizeBytes: null, sha256: null }))).toMatchObject({ code: 'transfer.empty' })
})

test('a chunked answer ends cleanly by itself: it needs neither size nor hash', async () => {
  answer = (_range, _request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' })
    response.end(bytes)
  }
  const verified = await copy({ sizeBytes: null, sha256: null }, { options: { maxBytes: 100 * PART_BYTES } })
  expect(verified).toMatchObject({ sha256, sizeBytes: bytes.byteLength })
})

test('a chunked answer that breaks is never taken for the whole', async () => {
  let asked = 0
  answer = (_range, _request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' })
    if (++asked > 2) response.end(bytes)
    else response.write(bytes.subarray(0, 5 * PART_BYTES + 1), () => response.destroy())
  }
  const verified = await copy({ sizeBytes: null, sha256: null }, { options: { maxBytes: 100 * PART_BYTES } })
  expect(verified.sha256).toBe(sha256)
  expect(asked).toBe(3)
})

test('a range whose total is not said is taken for as long as the file is stated to be', async () => {
  answer = ({ first, last }, _request, response) => {
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/*` }).end(bytes.subarray(first, last + 1))
  }
  expect((await copy({ sizeBytes: bytes.byteLength, sha256: null })).sha256).toBe(sha256)
})

test('a server that shortens ranges is not understood', async () => {
  answer = ({ first, last }, request, response) =>
    sendRange({ first, last: Math.min(last, first + 99) }, request, response)
  const error = await failureOf(copy({ sizeBytes: bytes.byteLength, sha256 }))
  expect(error).toMatchObject({ code: 'transfer.bad-range', retryable: true })
  expect(await world.names()).toEqual([])
})

test('a packed body is refused', async () => {
  answer = (_range, _request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes)
  expect(await failureOf(copy({ sizeBytes: null, sha256 }))).toMatchObject({ code: 'http.encoding', retryable: false })
})
