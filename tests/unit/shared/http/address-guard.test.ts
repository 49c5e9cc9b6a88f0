import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { isPublicAddress } from '#shared/http/address-ranges.ts'
import { checkWhenConnected, guardedLookup } from '#shared/http/connections.ts'
import { hostileUrls } from '../../../support/hostile-urls.ts'

const GOOD_URLS = [
  'https://example.com/a.png',
  'https://EXAMPLE.com:443/a.png?x=%2F..%2F#f',
  'https://firebasestorage.googleapis.com/v0/b/x/o/a%2Fb.png?alt=media&token=1',
  'https://storage.googleapis.com/bucket/a.png?X-Goog-Signature=abc',
  'https://bücher.example.com/cover.jpg',
  'https://8.8.8.8/',
  'https://172.15.0.1/',
  'https://172.32.0.1/',
  'https://[2606:4700::1111]/',
  'https://internal.example.com/',
  'https://localhost.example.com/',
  'https://example.com/back%5Cslash?q=a\\b',
]

const guard = createAddressGuard()

test('the table has at least 100 hostile URLs, each once', () => {
  expect(new Set(hostileUrls.map(([, url]) => url)).size).toBe(hostileUrls.length)
  expect(hostileUrls.length).toBeGreaterThanOrEqual(100)
})

test.each(hostileUrls)('refuses with %s: %j', (code, url) => {
  expect(() => guard.checkUrl(url)).toThrow(expect.objectContaining({ code, retryable: false }))
})

test.each(GOOD_URLS)('lets through: %s', (url) => {
  expect(guard.checkUrl(url)).toBeInstanceOf(URL)
})

test('an exception counts for its host and port only, and takes plain http', () => {
  const local = createAddressGuard({ allowHosts: ['127.0.0.1:8080', 'localhost:9000', '[::1]:7000'] })
  for (const url of [
    'http://127.0.0.1:8080/x',
    'https://127.0.0.1:8080/x',
    'http://localhost:9000/',
    'http://[::1]:7000/',
  ]) {
    expect(local.checkUrl(url)).toBeInstanceOf(URL)
  }
  for (const url of [
    'http://127.0.0.1:8081/x',
    'http://localhost:8080/',
    'http://127.0.0.1/',
    'ftp://127.0.0.1:8080/',
  ]) {
    expect(() => local.checkUrl(url)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^guard\./) }))
  }
  expect(() => local.checkUrl('http://a:b@127.0.0.1:8080/')).toThrow(
    expect.objectContaining({ code: 'guard.credentials' }),
  )
})

test('the ports policy can be widened', () => {
  const wide = createAddressGuard({ ports: [443, 8443] })
  expect(wide.checkUrl('https://example.com:8443/').port).toBe('8443')
  expect(() => wide.checkUrl('https://example.com:8444/')).toThrow(expect.objectContaining({ code: 'guard.port' }))
})

test.each(['fe80::1%eth0', 'no address', '', '::ffff:8.8.8.8', '1.2.3'])('%j is no public address', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('a refusal never repeats the URL, whose query may be signed', () => {
  const url = 'https://127.0.0.1/x?X-Goog-Signature=secret'
  try {
    guard.checkUrl(url)
    throw new Error('was let through')
  } catch (error) {
    expect(JSON.stringify({ ...(error as object), message: (error as Error).message })).not.toContain('secret')
    expect((error as Error).message).toMatch(/^This URL is not allowed: .+\.$/)
  }
})

test('a socket that is connected to a forbidden address is closed before a byte is sent', async () => {
  const received: Buffer[] = []
  const server = createServer((socket) => socket.on('data', (chunk) => received.push(chunk)).on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  checkWhenConnected(socket, 'example.com', guard)
  socket.write('GET / HTTP/1.1\r\n\r\n', () => {})
  const [error] = await once(socket, 'error')
  expect(error).toMatchObject({ code: 'guard.address', facts: { host: 'example.com', address: '127.0.0.1' } })
  await new Promise((resolve) => server.close(resolve))
  expect(received).toEqual([])
})

describe('the look-up of a guarded socket', () => {
  const addresses = [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ]
  const ask = (resolved: typeof addresses, all: boolean) =>
    new Promise((resolve, reject) => {
      const lookup = guardedLookup(createAddressGuard({ resolve: async () => resolved }))
      lookup('example.com', { all }, (error, address, family) =>
        error === null ? resolve([address, family]) : reject(error),
      )
    })

  test('gives public addresses on in both forms that Node asks for', async () => {
    expect(await ask(addresses, true)).toEqual([addresses, undefined])
    expect(await ask(addresses, false)).toEqual(['8.8.8.8', 4])
  })

  test('refuses a name of which one address is internal', async () => {
    const mixed = [...addresses, { address: '10.0.0.1', family: 4 }]
    await expect(ask(mixed, true)).rejects.toMatchObject({ code: 'guard.address', facts: { address: '10.0.0.1' } })
  })
})
