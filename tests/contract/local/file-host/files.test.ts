import { createHash } from 'node:crypto'
import { type FileHost, type FileHostOptions, startFileHost } from '#local/file-host/server.ts'

// Plain fetch, not our own client: the host is judged by what is on the wire.

let host: FileHost
async function start(options: FileHostOptions = {}): Promise<FileHost> {
  host = await startFileHost(options)
  return host
}
afterEach(() => host.close())

const MIB = 1024 * 1024
const hash = (algorithm: string, bytes: Buffer, prefix = ''): string =>
  createHash(algorithm).update(prefix).update(bytes).digest('hex')
const read = async (
  url: string,
  headers: Record<string, string> = {},
): Promise<{ response: Response; bytes: Buffer }> => {
  const response = await fetch(url, { headers })
  return { response, bytes: Buffer.from(await response.arrayBuffer()) }
}

describe('a file', () => {
  test('comes whole with its length, ETag, name and the offer of ranges', async () => {
    await start()
    const file = host.add({ content: { kind: 'bytes', bytes: Buffer.from('hello') }, fileName: 'a "b" ü.bin' })
    const { response, bytes } = await read(host.locationOf(file))
    expect([response.status, bytes.toString()]).toEqual([200, 'hello'])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': '5',
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'content-disposition': `attachment; filename="a _b_ _.bin"; filename*=UTF-8''a%20%22b%22%20%C3%BC.bin`,
      etag: file.etag,
    })
    expect(file.etag).toMatch(/^"[0-9a-f]{32}-1"$/)
    expect(host.requests).toMatchObject([{ method: 'GET', path: file.path, range: null, status: 200, bytesSent: 5 }])
    expect(host.bytesSent).toBe(5)
  })

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=65530-65545', 65_530, 65_546],
    ['bytes=100000-', 100_000, MIB + 3],
    ['bytes=-70000', MIB + 3 - 70_000, MIB + 3],
    ['bytes=1048570-99999999', 1_048_570, MIB + 3],
  ])('has the range %s', async (range, first, end) => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: MIB + 3, seed: 7 } })
    const whole = (await read(host.locationOf(file))).bytes
    const { response, bytes } = await read(host.locationOf(file), { range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${end - 1}/${MIB + 3}`)
    expect(response.headers.get('content-length')).toBe(String(end - first))
    expect(bytes.equals(whole.subarray(first, end))).toBe(true)
  })

  test('has nothing behind its end', async () => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: 10, seed: 7 } })
    const { response, bytes } = await read(host.locationOf(file), { range: 'bytes=10-' })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    expect(bytes.toString()).toContain('<Code>InvalidRange</Code>')
  })

  test('gives a range only as long as the If-Range holds', async () => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: 10, seed: 7 } })
    const ask = async (etag: string): Promise<number> =>
      (await read(host.locationOf(file), { range: 'bytes=0-1', 'if-range': etag })).response.status
    expect(await ask(file.etag)).toBe(206)
    expect(await ask('"another"')).toBe(200)
    expect(await ask(`W/${file.etag}`)).toBe(200)
  })

  test('is only there for those whose If-Match holds', async () => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: 10, seed: 7 } })
    const ask = async (etag: string): Promise<number> =>
      (await read(host.locationOf(file), { 'if-match': etag })).response.status
    expect([await ask(file.etag), await ask('*'), await ask('"another"')]).toEqual([200, 200, 412])
  })

  test('answers a HEAD with the head alone', async () => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: 4096, seed: 7 } })
    const response = await fetch(host.locationOf(file), { method: 'HEAD', headers: { range: 'bytes=0-9' } })
    expect([response.status, response.headers.get('content-length')]).toEqual([206, '10'])
    expect(host.bytesSent).toBe(0)
  })

  test('may be empty', async () => {
    await start()
    const file = host.add({ content: { kind: 'bytes', bytes: Buffer.alloc(0) } })
    const { response, bytes } = await read(host.locationOf(file))
    expect([response.status, response.headers.get('content-length'), bytes.byteLength]).toEqual([200, '0', 0])
  })
})

describe('generated content', () => {
  test('has the SHA-256 and the git blob id that the file tells', async () => {
    await start()
    const file = host.add({ content: { kind: 'safetensors', sizeBytes: MIB + 1, seed: 3 } })
    const { bytes } = await read(host.locationOf(file))
    expect(bytes.byteLength).toBe(MIB + 1)
    expect(file.sha256).toBe(hash('sha256', bytes))
    expect(file.gitBlobSha1()).toBe(hash('sha1', bytes, `blob ${MIB + 1}\0`))
  })

  test('is the same for the same seed and another for another', async () => {
    await start()
    const of = (seed: number): string => host.add({ content: { kind: 'random', sizeBytes: MIB, seed } }).sha256
    expect(of(1)).toBe(of(1))
    expect(of(1)).not.toBe(of(2))
  })

  test('differs from place to place, so that swapped or shifted parts show', async () => {
    await start()
    const file = host.add({ content: { kind: 'random', sizeBytes: 4 * MIB, seed: 3 } })
    const { bytes } = await read(host.locationOf(file))
    const parts = Array.from({ length: 64 }, (_, index) => bytes.subarray(index * 65_536, (index + 1) * 65_536))
    expect(new Set(parts.map((part) => hash('sha1', part))).size).toBe(64)
  })

  test.each([4096, 4097, 1_000_000, 1_000_001])(
    'is a valid safetensors file of exactly %i bytes',
    async (sizeBytes) => {
      await start()
      const metadata = { ss_base_model_version: 'sdxl_base_v1-0', ss_tag_frequency: '{"a":{"b":1}}' }
      const file = host.add({ content: { kind: 'safetensors', sizeBytes, seed: 3, metadata } })
      const { bytes } = await read(host.locationOf(file))
      const headerBytes = Number(bytes.readBigUInt64LE(0))
      const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as Record<string, unknown>
      const { __metadata__: told, ...tensors } = header
      expect(told).toEqual(metadata)
      expect(bytes[8]).toBe('{'.charCodeAt(0))
      let at = 0
      for (const tensor of Object.values(tensors) as { dtype: string; shape: number[]; data_offsets: number[] }[]) {
        expect(tensor.dtype).toBe('F16')
        expect(tensor.data_offsets).toEqual([at, at + 2 * tensor.shape[0]!])
        at = tensor.data_offsets[1]!
      }
      expect(8 + headerBytes + at).toBe(sizeBytes)
    },
  )

  test('cannot be a safetensors file smaller than its header', async () => {
    await start()
    expect(() => host.add({ content: { kind: 'safetensors', sizeBytes: 100, seed: 1 } })).toThrow(RangeError)
  })

  test('may be larger than any memory', async () => {
    await start()
    const sizeBytes = 2 ** 40
    const file = host.add({ content: { kind: 'random', sizeBytes, seed: 1 } })
    const { response, bytes } = await read(host.locationOf(file), { range: `bytes=${sizeBytes - 100}-` })
    expect(response.headers.get('content-range')).toBe(`bytes ${sizeBytes - 100}-${sizeBytes - 1}/${sizeBytes}`)
    expect(bytes.byteLength).toBe(100)
  })
})

describe('a location', () => {
  const add = (): ReturnType<FileHost['add']> => host.add({ content: { kind: 'random', sizeBytes: 10, seed: 7 } })
  const status = async (url: string, init: RequestInit = {}): Promise<[number, string | undefined]> => {
    const response = await fetch(url, init)
    return [response.status, /<Code>(.*)<\/Code>/.exec(await response.text())?.[1]]
  }

  test('is another one at every call, and all of them work', async () => {
    await start()
    const file = add()
    const urls = [host.locationOf(file), host.locationOf(file)]
    expect(urls[0]).not.toBe(urls[1])
    for (const url of urls) expect((await status(url))[0]).toBe(200)
  })

  test('ends with its time', async () => {
    let nowMs = Date.parse('2026-05-01T12:00:00Z')
    await start({ now: () => nowMs })
    const url = host.locationOf(add(), { expiresInMs: 500 })
    const day = host.locationOf(add())
    nowMs += 499
    expect(await status(url)).toEqual([200, undefined])
    nowMs += 1
    expect(await status(url)).toEqual([403, 'AccessDenied'])
    nowMs += 86_400_000 - 501
    expect((await status(day))[0]).toBe(200)
    nowMs += 1
    expect((await status(day))[0]).toBe(403)
  })

  test('ends with all others that were handed out before', async () => {
    await start()
    const file = add()
    const old = [host.locationOf(file), host.locationOf(add())]
    host.expireAll()
    for (const url of old) expect(await status(url)).toEqual([403, 'AccessDenied'])
    expect((await status(host.locationOf(file)))[0]).toBe(200)
  })

  test.each<[string, (url: URL, other: URL) => void]>([
    ['for another file', (url, other) => void Object.assign(url, { pathname: other.pathname })],
    ['with a longer life', (url) => url.searchParams.set('X-Amz-Expires', '999999')],
    ['with another file name', (url) => url.searchParams.set('response-content-disposition', 'inline')],
    ['with another signature', (url) => url.searchParams.set('X-Amz-Signature', 'a'.repeat(64))],
  ])('does not work %s', async (_, tamper) => {
    await start()
    const url = new URL(host.locationOf(add()))
    tamper(url, new URL(host.locationOf(add())))
    expect(await status(url.href)).toEqual([403, 'SignatureDoesNotMatch'])
  })

  test('is needed', async () => {
    await start()
    expect(await status(`${host.url}${add().path}`)).toEqual([403, 'AccessDenied'])
  })

  test('wants no credential beside it', async () => {
    await start()
    const headers = { authorization: 'Bearer of-a-hub' }
    expect(await status(host.locationOf(add()), { headers })).toEqual([400, 'InvalidRequest'])
    expect(host.requests).toMatchObject([{ authorized: true, status: 400 }])
  })

  test('only reads', async () => {
    await start()
    expect(await status(host.locationOf(add()), { method: 'DELETE' })).toEqual([405, 'MethodNotAllowed'])
  })
})

test('tells a test when so many bytes have left, once', async () => {
  await start()
  const file = host.add({ content: { kind: 'random', sizeBytes: MIB, seed: 7 } })
  const told: number[] = []
  host.afterBytes(MIB + 10, () => void told.push(host.bytesSent))
  await read(host.locationOf(file))
  expect(told).toEqual([])
  await read(host.locationOf(file))
  expect(told).toHaveLength(1)
  expect(told[0]).toBeGreaterThanOrEqual(MIB + 10)
})
