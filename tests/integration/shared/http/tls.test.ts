import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { startServer } from './loopback.ts'

const key = await readFile('tests/fixtures/tls/loopback.key.pem', 'utf8')
const cert = await readFile('tests/fixtures/tls/loopback.crt.pem', 'utf8')
const trustedBefore = getCACertificates('default')

const server = await startServer((request, response) => response.end(request.path), { tls: { key, cert } })
afterAll(() => server.close())
afterEach(() => setDefaultCACertificates(trustedBefore))

test('a certificate that nobody vouches for is final, and nothing was sent', async () => {
  const http = createHttpClient()
  await expect(http.request({ url: server.url, method: 'POST' })).rejects.toMatchObject({
    code: 'http.tls',
    retryable: false,
    delivery: 'not-sent',
  })
  expect(server.seen).toEqual([])
  http.close()
})

test('speaks TLS, keeps the socket, and waits for a slow answer from its last byte on', async () => {
  setDefaultCACertificates([cert])
  const guard = createAddressGuard({ allowHosts: [server.host] })
  const http = createHttpClient({ guard, timeouts: { connectMs: 5_000, headersMs: 5_000 } })
  const before = server.connections()
  for (const path of ['/1', '/2', '/3']) {
    expect(await (await http.request({ url: `${server.url}${path}` })).text()).toBe(path)
  }
  expect(server.connections() - before).toBe(1)
  http.close()
})

test('a server that falls silent after the handshake may have taken the request', async () => {
  setDefaultCACertificates([cert])
  const silent = await startServer(() => {}, { tls: { key, cert } })
  const http = createHttpClient({ timeouts: { headersMs: 300 } })
  await expect(http.request({ url: silent.url, method: 'POST' })).rejects.toMatchObject({
    code: 'http.timeout',
    delivery: 'unknown',
    facts: { phase: 'headers' },
  })
  expect(silent.seen).toHaveLength(1)
  http.close()
  await silent.close()
})

test('a certificate for another name is final', async () => {
  setDefaultCACertificates([cert])
  const http = createHttpClient()
  // The certificate names the address only.
  const url = server.url.replace('127.0.0.1', 'localhost')
  await expect(http.request({ url })).rejects.toMatchObject({
    code: 'http.tls',
    facts: { nodeCode: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
  http.close()
})
