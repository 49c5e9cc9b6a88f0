import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { crc32c } from '@node-rs/crc32'
import { type Fixture, startFixture } from '../bucket-server.ts'

// Content of more than a mebibyte is hashed by threads, from what was written: here both are put to the test.

const MIB = 1024 * 1024
const QUANTUM = 256 * 1024

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ durability: 'fsync' })
})
afterEach(async () => {
  await fixture.stop()
  expect(fixture.errors).toEqual([])
})

/** Bytes of which no two mebibytes are the same. */
function content(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, seed)
  for (let at = 0; at + 4 <= sizeBytes; at += 1000) bytes.writeUInt32LE(at, at)
  return bytes
}
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('base64')
const crc = (bytes: Buffer): string => {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32c(bytes))
  return sum.toString('base64')
}
const url = (query: string): string => `${fixture.server.url}/upload/storage/v1/b/uploads/o?${query}`
const upload = (name: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url(`uploadType=media&name=${name}`), { method: 'POST', headers, body: new Uint8Array(bytes) })
const files = (): Promise<string[]> => readdir(join(fixture.dataDir, 'content'))

test.each([MIB - 1, MIB, MIB + 1, 3 * MIB + 7])(
  'an upload of %i bytes is answered with both its sums',
  async (sizeBytes) => {
    const bytes = content(sizeBytes, 1)
    const response = await upload('sums', bytes, { 'content-md5': md5(bytes), 'x-goog-hash': `crc32c=${crc(bytes)}` })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ size: String(sizeBytes), md5Hash: md5(bytes), crc32c: crc(bytes) })
    expect((await fixture.bucket.file('sums').download({ validation: 'md5' }))[0].equals(bytes)).toBe(true)
  },
)

test('many uploads at once each get their own sums', async () => {
  const bodies = Array.from({ length: 9 }, (_, index) => content(2 * MIB + index * 100_001, index))
  const answers = await Promise.all(
    bodies.map(async (bytes, index) => (await (await upload(`many-${index}`, bytes)).json()) as { md5Hash: string }),
  )
  expect(answers.map(({ md5Hash }) => md5Hash)).toEqual(bodies.map(md5))
})

test.each<[string, (bytes: Buffer) => Record<string, string>]>([
  ['MD5', (bytes) => ({ 'content-md5': md5(bytes) })],
  ['CRC32C', (bytes) => ({ 'x-goog-hash': `crc32c=${crc(bytes)}` })],
])('a wrong %s is refused and leaves nothing behind', async (_, declare) => {
  const bytes = content(3 * MIB, 1)
  const other = Buffer.from(bytes)
  other[2 * MIB]! ^= 1
  expect((await upload('wrong', bytes, declare(other))).status).toBe(400)
  expect(await fixture.bucket.file('wrong').exists()).toEqual([false])
  expect(await files()).toEqual([])
  // A control: what is refused above is the difference.
  expect((await upload('wrong', other, declare(other))).status).toBe(200)
})

test('uploads that are cut in the middle leave no file behind, and what comes after them has its own MD5', async () => {
  for (let count = 0; count < 3; count++) {
    const socket = createConnection(fixture.server.port, '127.0.0.1')
    const path = '/upload/storage/v1/b/uploads/o?uploadType=media&name=cut'
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${9 * MIB}\r\n\r\n`)
    await new Promise((resolve) => socket.write(content(5 * MIB, count), resolve))
    socket.destroy()
  }
  const bytes = content(4 * MIB, 9)
  expect(await (await upload('whole', bytes)).json()).toMatchObject({ md5Hash: md5(bytes) })
  let left = await files()
  while (left.length > 1) left = await files()
  expect(await fixture.bucket.file('cut').exists()).toEqual([false])
})

test.each([
  ['', false],
  [' and a restart before the last', true],
])('a session of many parts, one of them cut%s, has the MD5 of the whole', async (_, isRestarted) => {
  const bytes = content(4 * MIB + 99, 3)
  const start = await fetch(url('uploadType=resumable&name=session'), { method: 'POST' })
  const session = start.headers.get('location')!
  const put = (first: number, end: number, total: string | number): Promise<Response> =>
    fetch(session, {
      method: 'PUT',
      headers: { 'content-range': `bytes ${first}-${end - 1}/${total}` },
      body: new Uint8Array(bytes.subarray(first, end)),
    })
  expect((await put(0, 6 * QUANTUM, '*')).status).toBe(308)

  // Wrong bytes beyond the last whole quantum are forgotten with it, hashed or not.
  const { port, pathname, search } = new URL(session)
  const socket = createConnection(Number(port), '127.0.0.1').resume()
  const wrong = Buffer.concat([bytes.subarray(6 * QUANTUM, 11 * QUANTUM), Buffer.alloc(QUANTUM - 1, 0xee)])
  socket.write(
    `PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: ${4 * MIB}\r\ncontent-range: bytes ${6 * QUANTUM}-*/*\r\n\r\n`,
  )
  socket.end(wrong)
  await new Promise((resolve) => socket.once('close', resolve))
  const kept = async (): Promise<string | null> =>
    (await fetch(session, { method: 'PUT', headers: { 'content-range': 'bytes */*' } })).headers.get('range')
  expect(await kept()).toBe(`bytes=0-${11 * QUANTUM - 1}`)

  expect((await put(11 * QUANTUM, 12 * QUANTUM, '*')).status).toBe(308)
  if (isRestarted) await fixture.restart()
  const last = await put(12 * QUANTUM, bytes.byteLength, bytes.byteLength)
  expect(await last.json()).toMatchObject({ size: String(bytes.byteLength), md5Hash: md5(bytes), crc32c: crc(bytes) })
})

test('a server that is closed while an upload comes in does so at once and keeps nothing of it', async () => {
  const socket = createConnection(fixture.server.port, '127.0.0.1').on('error', () => {})
  const path = '/upload/storage/v1/b/uploads/o?uploadType=media&name=open'
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${9 * MIB}\r\n\r\n`)
  socket.write(content(5 * MIB, 1))
  while ((await files()).length === 0) await new Promise((resolve) => setImmediate(resolve))
  await fixture.restart()
  expect(await files()).toEqual([])
  socket.destroy()
})
