import { readFile } from 'node:fs/promises'
import net from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createAddressGuard, type ResolveHost } from '#shared/http/address-guard.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { hostileNames, hostileRedirects, hostileUrls, withPort } from '../../../support/hostile-urls.ts'
import { type LoopbackServer, startRawServer, startServer } from './loopback.ts'

const key = await readFile('tests/fixtures/tls/loopback.key.pem', 'utf8')
const cert = await readFile('tests/fixtures/tls/loopback.crt.pem', 'utf8')
const trustedBefore = getCACertificates('default')

/** What nobody may reach. It counts connections, on both loopbacks, and answers none of them. */
const inner = await startRawServer((socket) => socket.destroy())
const innerPort = Number(inner.host.split(':')[1])
const inner6 = await listenOn6(innerPort)
const reached = () => inner.connections() + inner6.connections()

/** May be asked, and sends us on to where its path says. */
const redirecting = await startServer(
  (request, response) => {
    const location = decodeURIComponent(request.path.slice(1))
    response.writeHead(302, { location }).end()
  },
  { tls: { key, cert } },
)

const clients: HttpClient[] = []

afterAll(async () => {
  setDefaultCACertificates(trustedBefore)
  for (const client of clients) client.close()
  for (const server of [inner, inner6, redirecting]) await server.close()
})

/**
 * As the API asks for people's URLs, but that the port of what listens is allowed as well, and that every name leads there:
 * whatever the guard does not refuse arrives.
 */
function guardedClient(resolve: ResolveHost = async () => [{ address: '127.0.0.1', family: 4 }]) {
  const guard = createAddressGuard({ ports: [443, innerPort], resolve, allowHosts: [redirecting.host] })
  const client = createHttpClient({ guard })
  clients.push(client)
  return { guard, client }
}

/** Answers one look-up after the other. */
function answering(lookups: readonly (readonly string[])[]): ResolveHost {
  let asked = 0
  return async () => {
    const addresses = lookups[Math.min(asked++, lookups.length - 1)] ?? []
    return addresses.map((address) => ({ address, family: net.isIP(address) }))
  }
}

test('none of the URLs reaches a server that listens where they lead', async () => {
  const { client } = guardedClient()
  expect(hostileUrls.filter(([, url]) => withPort(url, innerPort).includes(`:${innerPort}`)).length).toBeGreaterThan(80)
  for (const [code, url] of hostileUrls) {
    const aimed = withPort(url, innerPort)
    expect([url, await codeOf(client.request({ url: aimed }))]).toEqual([url, code])
  }
  expect(reached()).toBe(0)
})

test.each(hostileNames)('none of the names does: %s', async (_title, url, lookups) => {
  const { client, guard } = guardedClient(answering(lookups))
  // What somebody finds out who looks the name up before asking is worth nothing; each look but the last is one of those.
  for (let looked = 1; looked < lookups.length; looked++) await guard.resolve(new URL(url).hostname)
  expect(await codeOf(client.request({ url: withPort(url, innerPort) }))).toBe('guard.address')
  expect(reached()).toBe(0)
})

test.each(hostileRedirects)('refuses with %s a redirect to %s', async (code, location) => {
  setDefaultCACertificates([cert])
  const { client } = guardedClient()
  const seen = redirecting.seen.length
  const aimed = location.replace('{port}', String(innerPort))
  const url = `${redirecting.url}/${encodeURIComponent(aimed)}`
  expect(await codeOf(client.request({ url }))).toBe(code)
  expect([redirecting.seen.length - seen, reached()]).toEqual([1, 0])
})

// The controls stand at the end: from here on the server is reached.

test('without the guard many of the URLs reach it, so that the guard is what keeps them away', async () => {
  const client = createHttpClient({ timeouts: { connectMs: 2000 } })
  clients.push(client)
  const disguises = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '１２７.０.０.１',
    '0',
    'localhost',
  ]
  for (const host of disguises) {
    const before = reached()
    expect(hostileUrls.some(([, url]) => url === `https://${host}/`)).toBe(true)
    await codeOf(client.request({ url: `https://${host}:${innerPort}/` }))
    expect([host, reached() - before]).toEqual([host, 1])
  }
})

test('on the list of exceptions it is reached by the same client', async () => {
  const before = reached()
  const client = createHttpClient({ guard: createAddressGuard({ allowHosts: [inner.host] }) })
  clients.push(client)
  expect(await codeOf(client.request({ url: `https://127.0.0.1:${innerPort}/` }))).toMatch(/^http\./)
  expect(reached() - before).toBe(1)
})

test('a name that leads to it gets there where its address is not looked at', async () => {
  const before = reached()
  const blind = {
    ...createAddressGuard({ ports: [innerPort], resolve: answering([['127.0.0.1']]) }),
    checkAddress() {},
  }
  const client = createHttpClient({ guard: blind })
  clients.push(client)
  expect(await codeOf(client.request({ url: `https://rebinds.example.com:${innerPort}/` }))).toMatch(/^http\./)
  expect(reached() - before).toBe(1)
})

async function codeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
    return 'let through'
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error)
  }
}

/** Counts on ::1 at the same port; where the machine has no IPv6 nothing can be reached there. */
async function listenOn6(port: number): Promise<Pick<LoopbackServer, 'connections' | 'close'>> {
  let opened = 0
  const server = net.createServer((socket) => {
    opened += 1
    socket.destroy()
  })
  const isOpen = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '::1', () => resolve(true))
  })
  return {
    connections: () => opened,
    close: async () => {
      if (isOpen) await new Promise((resolve) => server.close(resolve))
    },
  }
}
