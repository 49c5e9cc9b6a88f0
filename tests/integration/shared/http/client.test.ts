import { type HttpFinalError, type HttpTransientError, isHttpError } from '#shared/http/http-error.ts'
import { createRateLimiter } from '#shared/http/rate-limiter.ts'
import { jsonBody, multipartBody } from '#shared/http/request-body.ts'
import { closedAfterEach, startServer } from './loopback.ts'

const { client, server, rawServer } = closedAfterEach()

async function failureOf(work: Promise<unknown>): Promise<HttpTransientError | HttpFinalError> {
  const error = await work.then(
    () => new Error('did not fail'),
    (thrown) => thrown,
  )
  if (!isHttpError(error)) throw error
  return error
}

describe('a plain exchange', () => {
  test('reads JSON, text, bytes, chunks and streams, and says where the answer came from', async () => {
    const { url } = await server((_request, response) => {
      response.setHeader('x-request-id', 'r-1')
      response.end('{"a":1}')
    })
    const http = client()
    expect(await (await http.request({ url })).json()).toEqual({ a: 1 })
    expect(await (await http.request({ url })).text()).toBe('{"a":1}')
    expect(await (await http.request({ url })).bytes()).toEqual(Buffer.from('{"a":1}'))
    const streamed = await http.request({ url })
    expect(Buffer.concat(await streamed.stream().toArray()).toString()).toBe('{"a":1}')
    expect(streamed).toMatchObject({ status: 200, requestId: 'r-1' })
    expect(streamed.url.href).toBe(`${url}/`)
  })

  test('sends bodies with their type and length, and its own User-Agent', async () => {
    const { url, seen } = await server((_request, response) => response.end())
    const http = client({ userAgent: 'forge-test' })
    await (await http.request({ url, method: 'post', body: jsonBody({ a: 'ü' }) })).bytes()
    const form = new FormData()
    form.set('image_file', new Blob([new Uint8Array(3)], { type: 'image/png' }), 'a.png')
    await (await http.request({ url, method: 'POST', body: await multipartBody(form) })).bytes()
    await (await http.request({ url, method: 'POST' })).bytes()
    expect(seen[0]?.headers).toMatchObject({
      'content-length': '10',
      'content-type': 'application/json',
      'user-agent': 'forge-test',
    })
    expect(seen[1]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    const parsed = await new Response(seen[1]?.body as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': String(seen[1]?.headers['content-type']) },
    }).formData()
    expect((parsed.get('image_file') as File).size).toBe(3)
    expect(seen[2]?.headers['content-length']).toBe('0')
  })

  test('a body whose own source is slow is no stall of the receiver', async () => {
    const { url } = await server((request, response) => response.end(String(request.body.byteLength)))
    async function* slow() {
      yield Buffer.alloc(10)
      await new Promise((resolve) => setTimeout(resolve, 500))
      yield Buffer.alloc(20)
    }
    // Far from both sides: a busy machine too sends a few bytes in less, and the source takes longer.
    const timeouts = { stallMs: 300 }
    const body = { kind: 'stream', chunks: slow(), sizeBytes: null, contentType: null } as const
    expect(await (await client().request({ url, method: 'PUT', body, timeouts })).text()).toBe('30')
  })

  test('sends a stream at the pace of the receiver', async () => {
    const { url, seen } = await server((_request, response) => response.end())
    async function* chunks() {
      for (let index = 0; index < 64; index++) yield Buffer.alloc(64 * 1024, index)
    }
    const body = { kind: 'stream', chunks: chunks(), sizeBytes: null, contentType: 'application/zip' } as const
    await (await client().request({ url, method: 'PUT', body })).bytes()
    expect(seen[0]?.body.byteLength).toBe(64 * 64 * 1024)
  })

  test('keeps the socket for what may be sent twice, and takes a fresh one for a POST', async () => {
    const { url, connections } = await server((_request, response) => response.end('x'))
    const http = client()
    for (let index = 0; index < 3; index++) await (await http.request({ url })).bytes()
    expect(connections()).toBe(1)
    for (let index = 0; index < 3; index++) await (await http.request({ url, method: 'POST' })).bytes()
    expect(connections()).toBe(4)
  })

  test('an answer without a body gives its socket back unread, and reads as empty', async () => {
    const { url, connections } = await server((_request, response) => response.writeHead(204).end())
    const http = client()
    let sent = 0
    let last = await http.request({ url, method: 'DELETE' })
    // The end of the message is noticed a few turns of the event loop later.
    for (sent = 1; connections() === sent && sent < 50; sent++) {
      await new Promise(setImmediate)
      last = await http.request({ url, method: 'DELETE' })
    }
    expect(connections()).toBeLessThan(sent)
    expect(await last.text()).toBe('')
  })

  test('does not believe a body that was packed against its wish', async () => {
    const { url, seen } = await server((_request, response) => response.setHeader('content-encoding', 'gzip').end('x'))
    expect(await failureOf(client().request({ url }))).toMatchObject({ code: 'http.encoding', answered: true })
    expect(seen[0]?.headers['accept-encoding']).toBe('identity')
  })

  test.each(['ftp://example.com/', 'not a url', 'https://user:pw@example.com/'])('refuses %s as a URL', async (url) => {
    expect(await failureOf(client().request({ url }))).toMatchObject({ code: 'http.bad-url', delivery: 'not-sent' })
  })
})

describe('statuses', () => {
  test.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
    [501, false],
    [503, true],
    [522, true],
  ])('status %d is retryable: %s', async (status, retryable) => {
    const { url, host } = await server((_request, response) => response.writeHead(status).end('{"detail":"why"}'))
    const error = await failureOf(client().request({ url }))
    expect(error).toMatchObject({ code: 'http.status', retryable, status, answered: true })
    expect(error.facts).toMatchObject({ host, status })
    expect(error.answer).toMatchObject({ status, bodyText: '{"detail":"why"}' })
  })

  test('carries Retry-After on, and holds later requests to that host back', async () => {
    const nowMs = Date.parse('2026-05-01T12:00:00Z')
    const slept: number[] = []
    const stop = new AbortController()
    const limiter = createRateLimiter({
      rules: {},
      now: () => nowMs,
      sleep: async (ms) => {
        slept.push(ms)
        stop.abort(new Error('seen enough'))
        throw stop.signal.reason
      },
    })
    const { url } = await server((_request, response) => response.writeHead(429, { 'retry-after': '30' }).end())
    const http = client({ limiter, now: () => nowMs })
    const error = await failureOf(http.request({ url }))
    expect((error as HttpTransientError).retryAt?.toISOString()).toBe('2026-05-01T12:00:30.000Z')
    await expect(http.request({ url, signal: stop.signal })).rejects.toThrow('seen enough')
    expect(slept).toEqual([30_000])
  })

  test('never shows the path, the query or the answer when the error is logged', async () => {
    const { url } = await server((_request, response) =>
      response.writeHead(403, { 'set-cookie': 'session=hidden' }).end('token=hidden'),
    )
    const error = await failureOf(client().request({ url: `${url}/hidden?X-Goog-Signature=hidden` }))
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain('hidden')
  })

  test('the caller may accept any status and read it himself', async () => {
    const { url } = await server((_request, response) => response.writeHead(402).end('no money'))
    const response = await client().request({ url, acceptStatus: () => true })
    expect([response.status, await response.text()]).toEqual([402, 'no money'])
  })

  test('a refusal whose body never ends is still that refusal', async () => {
    const { url } = await server((_request, response) => void response.writeHead(404).write('x'))
    const error = await failureOf(client({ timeouts: { stallMs: 300 } }).request({ url }))
    expect(error).toMatchObject({ code: 'http.status', status: 404 })
  })

  test('HTML where JSON is owed is a typed failure', async () => {
    const { url } = await server((_request, response) => response.end('<html>Log in</html>'))
    const response = await client().request({ url })
    expect(await failureOf(response.json())).toMatchObject({ code: 'http.bad-json', answered: true, status: 200 })
  })
})

describe('broken connections', () => {
  test('a refused connection was not sent', async () => {
    const gone = await startServer(() => {})
    await gone.close()
    const error = await failureOf(client().request({ url: gone.url, method: 'POST' }))
    expect(error).toMatchObject({ code: 'http.connect', delivery: 'not-sent', answered: false, retryable: true })
  })

  test('a connection that never opens times out as not sent', async () => {
    // Accepts TCP but never a TLS handshake.
    const silent = await rawServer(() => {})
    const url = silent.url.replace('http:', 'https:')
    const error = await failureOf(client({ timeouts: { connectMs: 50 } }).request({ url }))
    expect(error).toMatchObject({ code: 'http.timeout', delivery: 'not-sent', facts: { phase: 'connect' } })
  })

  test('a reset before the answer leaves open what happened', async () => {
    const { url } = await rawServer((socket) => socket.resetAndDestroy())
    const error = await failureOf(client().request({ url, method: 'POST' }))
    expect(error).toMatchObject({ code: 'http.reset', delivery: 'unknown', answered: false, retryable: true })
  })

  test('a connection closed without an answer leaves open what happened', async () => {
    const { url } = await rawServer((socket) => socket.end())
    expect(await failureOf(client().request({ url }))).toMatchObject({ code: 'http.reset', delivery: 'unknown' })
  })

  test('silence instead of an answer times out', async () => {
    const { url } = await rawServer(() => {})
    const error = await failureOf(client({ timeouts: { headersMs: 50 } }).request({ url }))
    expect(error).toMatchObject({ code: 'http.timeout', delivery: 'unknown', facts: { phase: 'headers' } })
  })

  test('a receiver that stops reading stalls the upload', async () => {
    const { url } = await rawServer((socket) => socket.pause())
    const body = { kind: 'bytes', bytes: new Uint8Array(64 * 1024 * 1024), contentType: null } as const
    const error = await failureOf(client({ timeouts: { stallMs: 100 } }).request({ url, method: 'POST', body }))
    expect(error).toMatchObject({ code: 'http.stalled', delivery: 'unknown', facts: { phase: 'send' } })
  })

  test('a slow upload that keeps moving is no stall', async () => {
    const { url, seen } = await server((_request, response) => response.end())
    async function* chunks() {
      for (let index = 0; index < 6; index++) {
        await new Promise((resolve) => setTimeout(resolve, 60))
        yield Buffer.from('.')
      }
    }
    const body = { kind: 'stream', chunks: chunks(), sizeBytes: 6, contentType: null } as const
    await (await client({ timeouts: { stallMs: 200 } }).request({ url, method: 'PUT', body })).bytes()
    expect(seen[0]?.body.toString()).toBe('......')
  })

  test('an answer that switches protocols is no answer', async () => {
    const { url } = await rawServer((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    )
    expect(await failureOf(client().request({ url }))).toMatchObject({ code: 'http.reset', delivery: 'unknown' })
  })

  test('something that is not HTTP is told apart', async () => {
    const { url } = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    expect(await failureOf(client().request({ url }))).toMatchObject({ code: 'http.protocol', retryable: true })
  })

  test.each([
    ['a length that is longer than the body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'],
    ['chunks without an end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n'],
  ])('a body cut short is a failure, never a short body: %s', async (_name, text) => {
    const { url } = await rawServer((socket) => socket.end(text))
    const response = await client().request({ url })
    expect(await failureOf(response.bytes())).toMatchObject({ code: 'http.truncated', answered: true, status: 200 })
  })

  test('bytes beyond the announced length are dropped and harm nobody', async () => {
    const { url } = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nshort and more'),
    )
    expect(await (await client().request({ url })).text()).toBe('short')
  })

  test('a body that stops moving is stalled', async () => {
    const { url } = await server((_request, response) => void response.writeHead(200).write('begun'))
    const response = await client({ timeouts: { stallMs: 300 } }).request({ url })
    expect(await failureOf(response.bytes())).toMatchObject({ code: 'http.stalled', facts: { phase: 'body' } })
  })

  test('a slow body that keeps moving outlives the stall limit, but not the total one', async () => {
    const trickle = await server((_request, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const http = client({ timeouts: { stallMs: 300, totalMs: 600 } })
    const response = await http.request({ url: trickle.url })
    expect(await failureOf(response.bytes())).toMatchObject({ code: 'http.timeout', facts: { phase: 'total' } })
  })

  test('a reader of ours that takes its time is no stall', async () => {
    const { url } = await server((_request, response) => response.end(Buffer.alloc(4 * 1024 * 1024)))
    const response = await client({ timeouts: { stallMs: 300 } }).request({ url })
    let sizeBytes = 0
    for await (const chunk of response.body()) {
      if (sizeBytes === 0) await new Promise((resolve) => setTimeout(resolve, 500))
      sizeBytes += chunk.byteLength
    }
    expect(sizeBytes).toBe(4 * 1024 * 1024)
  })

  test('an answer that nobody reads ends with the total time', async () => {
    let closed = 0
    const { url } = await server((_request, response) => {
      response.on('close', () => closed++)
      response.writeHead(200).write(Buffer.alloc(1024))
    })
    const response = await client({ timeouts: { totalMs: 500 } }).request({ url })
    while (closed === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await failureOf(response.bytes())).toMatchObject({ code: 'http.timeout' })
  })

  test.each([
    ['announced', (response: import('node:http').ServerResponse) => response.end(Buffer.alloc(2_000))],
    [
      'not announced',
      (response: import('node:http').ServerResponse) => {
        response.write(Buffer.alloc(1_000))
        response.write(Buffer.alloc(1_000))
        response.end()
      },
    ],
  ])('a body over the limit is refused when its length is %s', async (_name, answer) => {
    const { url } = await server((_request, response) => void answer(response))
    const response = await client().request({ url, maxBodyBytes: 1_500 })
    expect(await failureOf(response.bytes())).toMatchObject({ code: 'http.too-large', retryable: false })
  })

  test('a body exactly at the limit is taken', async () => {
    const { url } = await server((_request, response) => response.end(Buffer.alloc(1_500)))
    expect((await (await client().request({ url, maxBodyBytes: 1_500 })).bytes()).byteLength).toBe(1_500)
  })

  test('an early refusal of a large upload is read, not lost', async () => {
    const { url } = await rawServer((socket) =>
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig'),
    )
    const body = { kind: 'bytes', bytes: new Uint8Array(64 * 1024 * 1024), contentType: null } as const
    const error = await failureOf(client().request({ url, method: 'POST', body }))
    expect(error).toMatchObject({ status: 413, answer: { bodyText: 'big' } })
  })
})

describe('the signal of the caller', () => {
  test('its reason comes out as it is, before, while waiting and while reading', async () => {
    const { url } = await server((_request, response) => void response.writeHead(200).write('begun'))
    const silent = await rawServer(() => {})
    const http = client()
    const reason = new Error('shutdown')
    await expect(http.request({ url, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

    const whileWaiting = new AbortController()
    const waiting = http.request({ url: silent.url, signal: whileWaiting.signal })
    setTimeout(() => whileWaiting.abort(reason), 20)
    await expect(waiting).rejects.toBe(reason)

    const whileReading = new AbortController()
    const response = await http.request({ url, signal: whileReading.signal })
    const reading = response.bytes()
    setTimeout(() => whileReading.abort(reason), 20)
    await expect(reading).rejects.toBe(reason)
  })
})
