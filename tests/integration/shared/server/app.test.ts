import type { Express } from 'express'
import { CallerError, TransientError } from '#shared/errors/app-error.ts'
import { createApp } from '#shared/server/create-app.ts'
import { contextOf } from '#shared/server/request-context.ts'
import { type RunningServer, startServer } from '#shared/server/start-server.ts'
import { captureLog } from '../../../support/captured-log.ts'

const log = captureLog()
let server: RunningServer

function routes(app: Express): void {
  app.post('/echo', (request, response) => {
    response.type('application/octet-stream').send(request.body)
  })
  app.get('/log', (request, response) => {
    contextOf(request).logger.info('inside')
    response.status(204).end()
  })
  app.get('/caller', () => {
    throw new CallerError({ status: 409, code: 'thing.taken', message: 'The thing is taken.', details: { by: 'you' } })
  })
  app.get('/busy', async () => {
    await Promise.resolve()
    throw new TransientError({ code: 'store.busy', message: 'The store is busy.' })
  })
  app.get('/bug', async () => {
    throw new TypeError('secret inner working')
  })
  app.get('/half', (_request, response) => {
    response.write('half of ')
    throw new Error('after the headers')
  })
}

beforeAll(async () => {
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    logger: log.logger,
    shutdownMs: 1000,
    load: async () => createApp({ logger: log.logger, projectId: 'demo', routes, bodyLimitBytes: 64 * 1024 }),
  })
  await server.ready
})

afterAll(async () => {
  await server.stop()
})

beforeEach(() => {
  log.entries.length = 0
})

test('hands the routes the raw bytes, whatever the content type says', async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 128])
  for (const type of ['application/json', 'application/protobuf', 'text/plain; charset=latin1']) {
    const response = await fetch(`${server.url}/echo`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': type },
    })
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
  }
})

test('gives an empty body as no bytes', async () => {
  const response = await fetch(`${server.url}/echo`, { method: 'POST' })
  expect(await response.text()).toBe('')
})

test('answers 413 as JSON to a body over the limit, and takes one at the limit', async () => {
  const post = (size: number) => fetch(`${server.url}/echo`, { method: 'POST', body: Buffer.alloc(size) })
  const [fits, over] = [await post(64 * 1024), await post(64 * 1024 + 1)]
  expect(fits.status).toBe(200)
  expect(over.status).toBe(413)
  expect(await over.json()).toMatchObject({ error: { code: 'request.too-large' } })
})

test.each([
  ['/nothing/here', 404, 'request.not-found', null],
  ['/%E0%A4%A', 404, 'request.not-found', null],
  ['/caller', 409, 'thing.taken', null],
  ['/busy', 503, 'store.busy', '5'],
  ['/bug', 500, 'internal', null],
])('answers GET %s with %d %s', async (path, status, code, retryAfter) => {
  const response = await fetch(`${server.url}${path}`)
  const body = await response.text()
  expect(response.status).toBe(status)
  expect(JSON.parse(body)).toMatchObject({ error: { code, message: expect.any(String) } })
  expect(response.headers.get('retry-after')).toBe(retryAfter)
  expect(response.headers.get('x-powered-by')).toBeNull()
  expect(body).not.toMatch(/secret|at .*\.ts/)
})

test('logs a bug once, with its stack, as an error, and a refusal only as information', async () => {
  await fetch(`${server.url}/bug`)
  expect(log.entries).toHaveLength(1)
  expect(log.entries[0]).toMatchObject({
    severity: 'ERROR',
    stack_trace: expect.stringContaining('secret inner working'),
  })
  await fetch(`${server.url}/caller`)
  expect(log.entries[1]).toMatchObject({ severity: 'INFO', code: 'thing.taken' })
})

test('cuts the connection when a handler fails after the headers', async () => {
  await expect(fetch(`${server.url}/half`).then((response) => response.text())).rejects.toThrow()
})

test("carries the request's id and trace into every line of its handler, and the id into the answer", async () => {
  const response = await fetch(`${server.url}/log`, {
    headers: { 'x-request-id': 'r-1', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  })
  expect(response.headers.get('x-request-id')).toBe('r-1')
  expect(log.entries[0]).toMatchObject({
    message: 'inside',
    requestId: 'r-1',
    'logging.googleapis.com/trace': 'projects/demo/traces/4bf92f3577b34da6a3ce929d0e0e4736',
  })
})

test('makes an id of its own where the caller sends none, or one that does not belong into a log', async () => {
  const given = await fetch(`${server.url}/log`, { headers: { 'x-request-id': 'a b{c}' } })
  expect(given.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})
