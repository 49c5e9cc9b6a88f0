import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { createConnection } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { useFixture } from './bucket-server.ts'

const QUANTUM = 256 * 1024

const fixture = useFixture()

/** Starts a session by hand and returns its address. */
async function startSession(
  name: string,
  init: { query?: string; headers?: Record<string, string>; body?: object } = {},
) {
  const { query = '', headers = {}, body = {} } = init
  const url = `${fixture().server.url}/upload/storage/v1/b/uploads/o?uploadType=resumable&name=${name}${query}`
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
  return response.headers.get('location')!
}

function put(session: string, range: string, body?: Uint8Array): Promise<Response> {
  return fetch(session, {
    method: 'PUT',
    headers: { 'content-range': range },
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  })
}

/** Sends a part of a body that announces more, ends the connection and waits until the server has let go of it too. */
async function putAndCut(session: string, range: string, announcedBytes: number, sent: Uint8Array): Promise<void> {
  const { port, pathname, search } = new URL(session)
  const socket = createConnection(Number(port), '127.0.0.1')
  const closed = once(socket.resume(), 'close')
  socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-range: ${range}\r\n`)
  socket.write(`content-length: ${announcedBytes}\r\n\r\n`)
  socket.end(sent)
  await closed
}

async function keptBytes(session: string): Promise<number> {
  const response = await put(session, 'bytes */*')
  expect(response.status).toBe(308)
  return Number(/^bytes=0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1] ?? -1) + 1
}

async function stored(name: string): Promise<Buffer> {
  return (await fixture().bucket.file(name).download({ validation: 'md5' }))[0]
}

test('chunks are answered 308 with what is kept until the last one makes the object', async () => {
  const bytes = randomBytes(2 * QUANTUM + 5)
  const session = await startSession('chunks')

  const first = await put(session, `bytes 0-${QUANTUM - 1}/${bytes.length}`, bytes.subarray(0, QUANTUM))
  const second = await put(
    session,
    `bytes ${QUANTUM}-${2 * QUANTUM - 1}/${bytes.length}`,
    bytes.subarray(QUANTUM, 2 * QUANTUM),
  )
  const isThereEarly = await fixture().bucket.file('chunks').exists()
  const last = await put(
    session,
    `bytes ${2 * QUANTUM}-${bytes.length - 1}/${bytes.length}`,
    bytes.subarray(2 * QUANTUM),
  )

  expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${QUANTUM - 1}`])
  expect([second.status, second.headers.get('range')]).toEqual([308, `bytes=0-${2 * QUANTUM - 1}`])
  expect(isThereEarly).toEqual([false])
  expect(last.status).toBe(200)
  expect(await last.json()).toMatchObject({ name: 'chunks', size: String(bytes.length) })
  expect((await stored('chunks')).equals(bytes)).toBe(true)
})

test('a session without bytes has no Range', async () => {
  const response = await put(await startSession('fresh'), 'bytes */*')

  expect([response.status, response.headers.get('range')]).toEqual([308, null])
})

test('an upload of unknown size is ended by an empty PUT with the total', async () => {
  const bytes = randomBytes(2 * QUANTUM)
  const session = await startSession('unknown')

  const chunk = await put(session, `bytes 0-${bytes.length - 1}/*`, bytes)
  const last = await put(session, `bytes */${bytes.length}`)

  expect(chunk.status).toBe(308)
  expect(last.status).toBe(200)
  expect((await stored('unknown')).equals(bytes)).toBe(true)
})

test('an empty upload is ended by a total of 0', async () => {
  const last = await put(await startSession('nothing'), 'bytes */0')

  expect(last.status).toBe(200)
  expect(await stored('nothing')).toHaveLength(0)
})

test('a chunk that is no multiple of 256 KiB and not the last is kept in part', async () => {
  const response = await put(await startSession('odd'), `bytes 0-${QUANTUM + 99}/*`, randomBytes(QUANTUM + 100))

  expect([response.status, response.headers.get('range')]).toEqual([308, `bytes=0-${QUANTUM - 1}`])
})

test('a cut connection keeps whole multiples of 256 KiB and the upload goes on from there', async () => {
  const bytes = randomBytes(4 * QUANTUM)
  const session = await startSession('cut')

  await putAndCut(session, `bytes 0-*/${bytes.length}`, bytes.length, bytes.subarray(0, 2 * QUANTUM + 1234))
  const kept = await keptBytes(session)
  const last = await put(session, `bytes ${kept}-${bytes.length - 1}/${bytes.length}`, bytes.subarray(kept))

  expect(kept).toBe(2 * QUANTUM)
  expect(last.status).toBe(200)
  expect((await stored('cut')).equals(bytes)).toBe(true)
})

test('a resumed PUT with an open range ends the upload', async () => {
  const bytes = randomBytes(QUANTUM + 77)
  const session = await startSession('open')
  await put(session, `bytes 0-${QUANTUM - 1}/*`, bytes.subarray(0, QUANTUM))

  const last = await put(session, `bytes ${QUANTUM}-*/*`, bytes.subarray(QUANTUM))

  expect(last.status).toBe(200)
  expect((await stored('open')).equals(bytes)).toBe(true)
})

test('a sender that repeats kept bytes does not store them twice', async () => {
  const bytes = randomBytes(2 * QUANTUM)
  const session = await startSession('overlap')
  await put(session, `bytes 0-${QUANTUM - 1}/*`, bytes.subarray(0, QUANTUM))

  const last = await put(session, `bytes 0-${bytes.length - 1}/${bytes.length}`, bytes)

  expect(last.status).toBe(200)
  expect((await stored('overlap')).equals(bytes)).toBe(true)
})

test('an offset beyond what is kept is refused with 503 and the upload can go on', async () => {
  const bytes = randomBytes(2 * QUANTUM)
  const session = await startSession('gap')

  const gap = await put(session, `bytes ${QUANTUM}-${bytes.length - 1}/${bytes.length}`, bytes.subarray(QUANTUM))
  const whole = await put(session, `bytes 0-${bytes.length - 1}/${bytes.length}`, bytes)

  expect([gap.status, whole.status]).toEqual([503, 200])
})

test('more bytes than were announced at the start are refused', async () => {
  const session = await startSession('longer', { headers: { 'x-upload-content-length': '10' } })

  expect((await put(session, 'bytes 0-10/11', randomBytes(11))).status).toBe(400)
  expect((await put(session, 'bytes 0-*/*', randomBytes(11))).status).toBe(400)
  expect((await put(session, 'bytes 0-9/10', randomBytes(10))).status).toBe(200)
})

test('a PUT without Content-Range is the whole object', async () => {
  const session = await startSession('whole', { headers: { 'x-upload-content-type': 'text/plain' } })

  const response = await fetch(session, { method: 'PUT', body: 'all of it' })

  expect(await response.json()).toMatchObject({ size: '9', contentType: 'text/plain' })
})

test('a repeated last chunk is answered with the object that the first one made', async () => {
  const session = await startSession('repeated')
  const first = (await (await put(session, 'bytes 0-3/4', Buffer.from('data'))).json()) as { generation: string }

  const status = await put(session, 'bytes */*')
  const again = await put(session, 'bytes 0-3/4', Buffer.from('data'))

  expect([status.status, again.status]).toEqual([200, 200])
  expect(await status.json()).toMatchObject({ generation: first.generation })
  expect(await again.json()).toMatchObject({ generation: first.generation })
})

test('a cancelled upload is answered 499 and is gone', async () => {
  const session = await startSession('cancelled')
  await put(session, `bytes 0-${QUANTUM - 1}/*`, randomBytes(QUANTUM))

  const cancelled = await fetch(session, { method: 'DELETE' })

  expect(cancelled.status).toBe(499)
  expect((await put(session, 'bytes */*')).status).toBe(404)
  expect(await fixture().bucket.file('cancelled').exists()).toEqual([false])
})

test('a session goes on after the server was restarted, its MD5 included', async () => {
  const bytes = randomBytes(3 * QUANTUM)
  const session = await startSession('survivor', { body: { metadata: { a: 'b' } } })
  await put(session, `bytes 0-${2 * QUANTUM - 1}/*`, bytes.subarray(0, 2 * QUANTUM))

  await fixture().restart()
  const kept = await keptBytes(session)
  const last = await put(session, `bytes ${kept}-${bytes.length - 1}/${bytes.length}`, bytes.subarray(kept))

  expect(kept).toBe(2 * QUANTUM)
  expect(await last.json()).toMatchObject({ metadata: { a: 'b' }, size: String(bytes.length) })
  expect((await stored('survivor')).equals(bytes)).toBe(true)
})

test('the result of a finished session is still told after a restart', async () => {
  const session = await startSession('finished')
  const made = (await (await put(session, 'bytes 0-3/4', Buffer.from('data'))).json()) as { generation: string }

  await fixture().restart()
  const status = await put(session, 'bytes */*')

  expect(status.status).toBe(200)
  expect(await status.json()).toMatchObject({ generation: made.generation })
})

test('a session that was started under a condition is refused if the object has come meanwhile', async () => {
  const session = await startSession('raced', { query: '&ifGenerationMatch=0' })
  await fixture().bucket.file('raced').save('the other', { resumable: false })

  const last = await put(session, 'bytes 0-3/4', Buffer.from('data'))

  expect(last.status).toBe(412)
  expect((await stored('raced')).toString()).toBe('the other')
})

test('a checksum that comes with the last chunk is compared', async () => {
  const session = await startSession('hashed')

  const response = await fetch(session, {
    method: 'PUT',
    headers: { 'content-range': 'bytes 0-3/4', 'x-goog-hash': 'crc32c=AAAAAA==' },
    body: 'data',
  })

  expect(response.status).toBe(400)
  expect(await fixture().bucket.file('hashed').exists()).toEqual([false])
})

test('a newer PUT takes over from one that hangs', async () => {
  const bytes = randomBytes(2 * QUANTUM)
  const session = await startSession('hanging')
  const hanging = request(session, {
    method: 'PUT',
    headers: { 'content-range': `bytes 0-*/${bytes.length}`, 'content-length': bytes.length, expect: '100-continue' },
  })
  const cut = new Promise<string>((resolve) => {
    hanging.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  // The 100 is the sign that the server has this request before the next one.
  await new Promise<void>((resolve) => hanging.once('continue', resolve).flushHeaders())
  hanging.write(bytes.subarray(0, 1000))

  const response = await put(session, `bytes 0-${bytes.length - 1}/${bytes.length}`, bytes)

  expect(await cut).toBe('ECONNRESET')
  expect(response.status).toBe(200)
  expect((await stored('hanging')).equals(bytes)).toBe(true)
})

test('a client that cannot take a 308 gets it as a header', async () => {
  const session = await startSession('go-client')

  const response = await fetch(session, {
    method: 'PUT',
    headers: { 'content-range': `bytes 0-${QUANTUM - 1}/*`, 'x-guploader-no-308': 'yes' },
    body: new Uint8Array(QUANTUM),
  })

  expect([response.status, response.headers.get('x-http-status-code-override')]).toEqual([200, '308'])
  expect(response.headers.get('range')).toBe(`bytes=0-${QUANTUM - 1}`)
})

test('an unknown session is 404', async () => {
  const url = `${fixture().server.url}/upload/storage/v1/b/uploads/o?uploadType=resumable&upload_id=nobody`

  expect((await put(url, 'bytes */*')).status).toBe(404)
})

describe('through the client', () => {
  test('chunked uploads arrive whole', async () => {
    const bytes = randomBytes(5 * QUANTUM + 3)
    const target = fixture().bucket.file('client-chunks').createWriteStream({ chunkSize: QUANTUM, resumable: true })

    await pipeline(Readable.from([bytes]), target)

    expect((await stored('client-chunks')).equals(bytes)).toBe(true)
  })

  test('an upload that was begun with a session of its own is resumed by uri and offset', async () => {
    const bytes = randomBytes(3 * QUANTUM)
    const file = fixture().bucket.file('client-resumed')
    const [uri] = await file.createResumableUpload()
    const begun = file.createWriteStream({
      uri,
      chunkSize: QUANTUM,
      isPartialUpload: true,
      resumable: true,
      validation: false,
    })
    await pipeline(Readable.from([bytes.subarray(0, QUANTUM)]), begun)

    const resumed = file.createWriteStream({ uri, offset: QUANTUM, resumable: true, validation: false })
    await pipeline(Readable.from([bytes.subarray(QUANTUM)]), resumed)

    expect((await stored('client-resumed')).equals(bytes)).toBe(true)
  })
})
