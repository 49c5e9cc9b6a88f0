import { type AddressGuard, createAddressGuard } from '#shared/http/address-guard.ts'
import { jsonBody } from '#shared/http/request-body.ts'
import { closedAfterEach, type LoopbackServer } from './loopback.ts'

const { client, server, rawServer } = closedAfterEach()

/** Answers `/` with a redirect and everything else with the path. */
function redirecting(location: string, status = 302) {
  return server((request, response) => {
    if (request.path === '/') response.writeHead(status, { location }).end()
    else response.end(request.path)
  })
}

const SECRETS = {
  Authorization: 'Bearer secret',
  Cookie: 'a=secret',
  'X-Api-Key': 'secret',
  'X-Goog-Api-Key': 'secret',
  Range: 'bytes=0-9',
}

test('follows a relative Location on the same origin with all headers', async () => {
  const { url, seen } = await redirecting('/next?x=1', 307)
  const response = await client().request({ url, headers: SECRETS })
  expect(await response.text()).toBe('/next?x=1')
  expect(response.url.pathname).toBe('/next')
  expect(seen[1]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-api-key': 'secret' })
})

test('carries no secret to another origin, not even when it leads back', async () => {
  const first: LoopbackServer = await server((request, response) => {
    if (request.path === '/') response.writeHead(302, { location: `${second.url}/there` }).end()
    else response.end('back')
  })
  const second: LoopbackServer = await server((_request, response) =>
    response.writeHead(302, { location: `${first.url}/back` }).end(),
  )
  const response = await client().request({ url: first.url, headers: SECRETS })
  expect(await response.text()).toBe('back')
  for (const headers of [second.seen[0]?.headers, first.seen[1]?.headers]) {
    expect(JSON.stringify(headers)).not.toContain('secret')
    expect(headers?.range).toBe('bytes=0-9')
  }
})

test.each([
  [301, 'POST', 'GET', ''],
  [302, 'POST', 'GET', ''],
  [303, 'PUT', 'GET', ''],
  [307, 'POST', 'POST', '{"a":1}'],
  [308, 'PUT', 'PUT', '{"a":1}'],
  [302, 'PUT', 'PUT', '{"a":1}'],
])('status %d turns %s into %s', async (status, method, becomes, body) => {
  const { url, seen } = await redirecting('/next', status)
  await (await client().request({ url, method, body: jsonBody({ a: 1 }) })).bytes()
  expect(seen[1]).toMatchObject({ method: becomes, path: '/next' })
  expect(seen[1]?.body.toString()).toBe(body)
  expect(seen[1]?.headers['content-type']).toBe(body === '' ? undefined : 'application/json')
})

test.each([
  ['ftp://127.0.0.1/x', 'to a ftp: URL'],
  ['http://user:pw@127.0.0.1/', 'password'],
  ['http://[bad', 'not a URL'],
])('does not follow to %s', async (location, says) => {
  const { url } = await redirecting(location)
  await expect(client().request({ url })).rejects.toMatchObject({
    code: 'http.redirect',
    retryable: false,
    message: expect.stringContaining(says),
  })
})

test('does not take a body to another origin', async () => {
  const other = await server((_request, response) => response.end())
  const { url } = await redirecting(other.url, 307)
  await expect(client().request({ url, method: 'POST', body: jsonBody({}) })).rejects.toMatchObject({
    code: 'http.redirect',
  })
  expect(other.connections()).toBe(0)
})

test('gives up a loop after the allowed number of hops', async () => {
  const { url, seen } = await redirecting('/')
  await expect(client().request({ url, maxRedirects: 3 })).rejects.toMatchObject({ code: 'http.redirect' })
  expect(seen).toHaveLength(4)
})

test('hands a redirect to the caller who wants to see it', async () => {
  const { url, seen } = await redirecting('https://signed.example.com/x')
  const response = await client().request({ url, redirect: 'manual' })
  expect([response.status, response.headers.location]).toEqual([302, 'https://signed.example.com/x'])
  response.discard()
  expect(seen).toHaveLength(1)
})

describe('behind the guard', () => {
  test.each([
    ['guard.scheme', 'http://169.254.169.254/computeMetadata/v1/'],
    ['http.redirect', 'file:///etc/passwd'],
    ['guard.scheme', 'http://metadata.google.internal/'],
    ['guard.address', 'https://169.254.169.254/'],
    ['guard.address', 'https://[::1]/'],
    ['guard.host', 'https://localhost/'],
  ])('refuses with %s a redirect to %s', async (code, location) => {
    const first = await redirecting(location)
    const http = client({ guard: createAddressGuard({ allowHosts: [first.host] }) })
    await expect(http.request({ url: first.url })).rejects.toMatchObject({ code, retryable: false })
    expect(first.seen).toHaveLength(1)
  })

  test('refuses a redirect to another port of the same machine', async () => {
    const inner = await server((_request, response) => response.end('secret'))
    const first = await redirecting(inner.url)
    const http = client({ guard: createAddressGuard({ allowHosts: [first.host] }) })
    await expect(http.request({ url: first.url })).rejects.toMatchObject({ code: 'guard.scheme' })
    expect(inner.connections()).toBe(0)
  })

  test('a name that resolves to an internal address is never connected to', async () => {
    const inner = await server((_request, response) => response.end('secret'))
    const port = Number(inner.host.split(':')[1])
    for (const addresses of [['127.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::ffff:127.0.0.1'], ['::1']]) {
      const asked: string[] = []
      const guard = createAddressGuard({
        ports: [port],
        resolve: async (host) => {
          asked.push(host)
          return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
        },
      })
      const failing = client({ guard }).request({ url: `https://pictures.example.com:${port}/` })
      await expect(failing).rejects.toMatchObject({ code: 'guard.address', retryable: false })
      expect(asked).toEqual(['pictures.example.com'])
    }
    expect(inner.connections()).toBe(0)
  })

  test('a name that rebinds is judged by the one look-up that its socket uses', async () => {
    const inner = await server((_request, response) => response.end('secret'))
    const port = Number(inner.host.split(':')[1])
    let lookups = 0
    const guard = createAddressGuard({
      ports: [port],
      resolve: async () => [{ address: lookups++ % 2 === 0 ? '127.0.0.1' : '93.184.215.14', family: 4 }],
    })
    await expect(client({ guard }).request({ url: `https://a.example.com:${port}/` })).rejects.toMatchObject({
      code: 'guard.address',
    })
    expect([lookups, inner.connections()]).toEqual([1, 0])
  })

  test('the address of the connected socket has the last word, before a byte is sent', async () => {
    const received: Buffer[] = []
    const inner = await rawServer((socket) => socket.on('data', (chunk) => received.push(chunk)))
    const port = Number(inner.host.split(':')[1])
    const honest = createAddressGuard({ ports: [port], resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    let checks = 0
    // A look-up that was fooled: only the second check, that of the socket, sees the address.
    const guard: AddressGuard = {
      ...honest,
      checkAddress: (host, address) => (checks++ === 0 ? undefined : honest.checkAddress(host, address)),
    }
    await expect(client({ guard }).request({ url: `https://a.example.com:${port}/` })).rejects.toMatchObject({
      code: 'guard.address',
    })
    expect(checks).toBe(2)
    expect(received).toEqual([])
  })

  test('a name without an address is a passing failure', async () => {
    const guard = createAddressGuard({ resolve: async () => [] })
    await expect(client({ guard }).request({ url: 'https://nowhere.example.com/' })).rejects.toMatchObject({
      code: 'http.connect',
      retryable: true,
      delivery: 'not-sent',
    })
  })

  test('an exempt host is reached, and its kept sockets serve no other guard', async () => {
    const local = await server((_request, response) => response.end('local'))
    const allowed = client({ guard: createAddressGuard({ allowHosts: [local.host] }) })
    expect(await (await allowed.request({ url: local.url })).text()).toBe('local')
    await expect(client({ guard: createAddressGuard() }).request({ url: local.url })).rejects.toMatchObject({
      code: 'guard.scheme',
    })
    expect(local.connections()).toBe(1)
  })
})
