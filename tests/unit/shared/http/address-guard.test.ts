import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { isPublicAddress } from '#shared/http/address-ranges.ts'
import { checkWhenConnected, guardedLookup } from '#shared/http/connections.ts'

/** Refused by what the URL says, before any look-up. */
const HOSTILE_URLS: [string, string][] = [
  // Schemes
  ['guard.scheme', 'http://example.com/a.png'],
  ['guard.scheme', 'ftp://example.com/a.png'],
  ['guard.scheme', 'gopher://example.com:443/_x'],
  ['guard.scheme', 'ws://example.com/'],
  ['guard.scheme', 'gs://bucket/object'],
  ['guard.url', 'file:///etc/passwd'],
  ['guard.url', 'data:image/png;base64,AAAA'],
  ['guard.url', 'javascript:alert(1)'],
  ['guard.url', 'blob:https://example.com/1'],
  // Credentials
  ['guard.credentials', 'https://user@example.com/'],
  ['guard.credentials', 'https://user:password@example.com/'],
  ['guard.credentials', 'https://example.com@127.0.0.1/'],
  ['guard.credentials', 'https://:password@example.com/'],
  // IPv4: loopback, private, link-local, metadata, CGNAT, special, multicast, reserved
  ['guard.address', 'https://127.0.0.1/'],
  ['guard.address', 'https://127.255.255.254/'],
  ['guard.address', 'https://0.0.0.0/'],
  ['guard.address', 'https://10.0.0.1/'],
  ['guard.address', 'https://10.255.255.255/'],
  ['guard.address', 'https://172.16.0.1/'],
  ['guard.address', 'https://172.31.255.255/'],
  ['guard.address', 'https://192.168.1.1/'],
  ['guard.address', 'https://169.254.169.254/computeMetadata/v1/'],
  ['guard.address', 'https://169.254.0.1/'],
  ['guard.address', 'https://100.64.0.1/'],
  ['guard.address', 'https://100.100.100.200/latest/meta-data/'],
  ['guard.address', 'https://168.63.129.16/'],
  ['guard.address', 'https://192.0.0.192/'],
  ['guard.address', 'https://192.0.2.1/'],
  ['guard.address', 'https://192.88.99.1/'],
  ['guard.address', 'https://198.18.0.1/'],
  ['guard.address', 'https://198.51.100.1/'],
  ['guard.address', 'https://199.36.153.8/'],
  ['guard.address', 'https://203.0.113.1/'],
  ['guard.address', 'https://224.0.0.1/'],
  ['guard.address', 'https://239.255.255.250/'],
  ['guard.address', 'https://240.0.0.1/'],
  ['guard.address', 'https://255.255.255.255/'],
  // The same in disguise
  ['guard.host', 'https://2130706433/'],
  ['guard.host', 'https://0x7f000001/'],
  ['guard.host', 'https://0x7f.0.0.1/'],
  ['guard.host', 'https://017700000001/'],
  ['guard.host', 'https://0177.0.0.1/'],
  ['guard.host', 'https://127.1/'],
  ['guard.host', 'https://127.0.1/'],
  ['guard.host', 'https://0/'],
  ['guard.host', 'https://2852039166/'],
  ['guard.host', 'https://0xa9fea9fe/'],
  ['guard.host', 'https://0251.0376.0251.0376/'],
  ['guard.host', 'https://134744072/'],
  ['guard.host', 'https://１２７.０.０.１/'],
  ['guard.host', 'https://①②⑦.⓪.⓪.①/'],
  ['guard.host', 'https://%31%32%37.0.0.1/'],
  ['guard.address', 'https://127.0.0.1./'],
  // IPv6: loopback, unspecified, local, multicast, documentation, and IPv4 inside
  ['guard.address', 'https://[::1]/'],
  ['guard.address', 'https://[::]/'],
  ['guard.address', 'https://[fe80::1]/'],
  ['guard.address', 'https://[fc00::1]/'],
  ['guard.address', 'https://[fd00:ec2::254]/'],
  ['guard.address', 'https://[fd20:ce::254]/'],
  ['guard.address', 'https://[fec0::1]/'],
  ['guard.address', 'https://[ff02::1]/'],
  ['guard.address', 'https://[2001:db8::1]/'],
  ['guard.address', 'https://[3fff::1]/'],
  ['guard.address', 'https://[100::1]/'],
  ['guard.address', 'https://[::ffff:7f00:1]/'],
  ['guard.host', 'https://[::ffff:127.0.0.1]/'],
  ['guard.host', 'https://[::ffff:169.254.169.254]/'],
  ['guard.host', 'https://[::127.0.0.1]/'],
  ['guard.host', 'https://[0:0:0:0:0:0:0:1]/'],
  ['guard.address', 'https://[64:ff9b::a9fe:a9fe]/'],
  ['guard.host', 'https://[64:ff9b::127.0.0.1]/'],
  ['guard.address', 'https://[64:ff9b:1::a00:1]/'],
  ['guard.address', 'https://[2002:7f00:1::]/'],
  ['guard.address', 'https://[2002:a9fe:a9fe::1]/'],
  ['guard.address', 'https://[2001::f5ff:fffe]/'],
  ['guard.url', 'https://[fe80::1%25eth0]/'],
  // Names
  ['guard.host', 'https://localhost/'],
  ['guard.host', 'https://LOCALHOST/'],
  ['guard.host', 'https://localhost./'],
  ['guard.host', 'https://a.localhost/'],
  ['guard.host', 'https://metadata/'],
  ['guard.host', 'https://metadata.google.internal/'],
  ['guard.host', 'https://metadata.google.internal./'],
  ['guard.host', 'https://printer.local/'],
  ['guard.host', 'https://router.home.arpa/'],
  ['guard.host', 'https://nas.lan/'],
  ['guard.host', 'https://example.com./'],
  // Ports
  ['guard.port', 'https://example.com:22/'],
  ['guard.port', 'https://example.com:25/'],
  ['guard.port', 'https://example.com:6379/'],
  ['guard.port', 'https://example.com:8080/'],
  // Text that parsers read differently
  ['guard.url', 'https://exa\tmple.com/'],
  ['guard.url', 'https://example.com\r\nHost: internal/'],
  ['guard.url', ' https://example.com/'],
  ['guard.url', 'https:\\\\127.0.0.1\\'],
  ['guard.url', 'https://example.com\\@127.0.0.1/'],
  ['guard.url', 'https://'],
  ['guard.url', '//example.com/a.png'],
  ['guard.url', 'example.com'],
  ['guard.url', ''],
  ['guard.url', `https://example.com/${'a'.repeat(9_000)}`],
]

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

test('the table has at least 60 hostile URLs, each once', () => {
  expect(new Set(HOSTILE_URLS.map(([, url]) => url)).size).toBe(HOSTILE_URLS.length)
  expect(HOSTILE_URLS.length).toBeGreaterThanOrEqual(60)
})

test.each(HOSTILE_URLS)('refuses with %s: %j', (code, url) => {
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
