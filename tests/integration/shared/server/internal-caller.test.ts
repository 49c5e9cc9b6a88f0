import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { loadConfig } from '#shared/config/load.ts'
import type { Environment } from '#shared/config/variable.ts'
import { createApp } from '#shared/server/create-app.ts'
import { requireInternalCaller } from '#shared/server/internal-caller.ts'
import { type RunningServer, startServer } from '#shared/server/start-server.ts'
import { captureLog } from '../../../support/captured-log.ts'

const INVOKER = 'tasks@demo.iam.gserviceaccount.com'
const AUDIENCE = 'https://worker.example'
const ISSUER = 'https://accounts.google.com'
const now = new Date('2026-05-01T12:00:00Z')
const nowS = now.getTime() / 1000

type Keys = Awaited<ReturnType<typeof generateKeyPair>>

let keys: Keys
let strangerKeys: Keys
let jwks: Server
let jwksUrl: string
let isJwksDown = false
let jwksCalls = 0
const servers: RunningServer[] = []

beforeAll(async () => {
  keys = await generateKeyPair('RS256')
  strangerKeys = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  jwks = createServer((_request, response) => {
    jwksCalls += 1
    response.writeHead(isJwksDown ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [key] }))
  })
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve))
  jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/certs`
})

afterEach(async () => {
  isJwksDown = false
  for (const server of servers.splice(0)) await server.stop()
})

afterAll(() => {
  jwks.closeAllConnections()
  jwks.close()
})

/** The status with which `/internal/reconcile` answers a call with this Authorization header. */
async function caller(env: Environment = {}) {
  const { logger } = captureLog()
  const config = loadConfig('image-worker', {
    GOOGLE_CLOUD_PROJECT: 'demo',
    STORAGE_BUCKET: 'demo.appspot.com',
    SERVICE_URL: AUDIENCE,
    INTERNAL_INVOKERS: INVOKER,
    OIDC_JWKS_URL: jwksUrl,
    ...env,
  })
  const load = async () =>
    createApp({
      logger,
      projectId: 'demo',
      routes(app) {
        app.use(
          '/internal',
          requireInternalCaller(config, () => now),
        )
        app.post('/internal/reconcile', (_request, response) => {
          response.status(204).end()
        })
      },
    })
  const server = await startServer({ port: 0, host: '127.0.0.1', logger, shutdownMs: 1000, load })
  servers.push(server)
  return async (authorization: string | null) => {
    const headers: Record<string, string> = authorization === null ? {} : { authorization }
    const response = await fetch(`${server.url}/internal/reconcile`, { method: 'POST', headers })
    return response.status
  }
}

const good: JWTPayload = {
  iss: ISSUER,
  aud: AUDIENCE,
  email: INVOKER,
  email_verified: true,
  iat: nowS - 10,
  exp: nowS + 3600,
}

function sign(claims: JWTPayload, options: { keys?: Keys; alg?: string } = {}): Promise<string> {
  const header = { alg: options.alg ?? 'RS256', kid: 'k1' }
  return new SignJWT(claims).setProtectedHeader(header).sign((options.keys ?? keys).privateKey)
}

test('lets an invoker in with a token of Google for this service', async () => {
  const call = await caller()
  expect(await call(`Bearer ${await sign(good)}`)).toBe(204)
  expect(await call(`bearer ${await sign({ ...good, iss: 'accounts.google.com', aud: ['other', AUDIENCE] })}`)).toBe(
    204,
  )
})

test.each<[string, Record<string, unknown>, number]>([
  ['of another account', { email: 'somebody@demo.iam.gserviceaccount.com' }, 403],
  ['for another audience', { aud: 'https://other.example' }, 401],
  ['without an audience', { aud: undefined }, 401],
  ['of another issuer', { iss: 'https://evil.example' }, 401],
  ['without an issuer', { iss: undefined }, 401],
  ['that has expired', { exp: nowS - 31 }, 401],
  ['without an end', { exp: undefined }, 401],
  ['from the future', { iat: nowS + 31 }, 401],
  ['not valid yet', { nbf: nowS + 31 }, 401],
  ['with an unproven e-mail address', { email_verified: false }, 401],
  ['whose proof is a text', { email_verified: 'true' }, 401],
  ['without an e-mail address', { email: undefined }, 401],
  ['that expired within the tolerance', { exp: nowS - 29 }, 204],
  ['from a clock a little fast', { iat: nowS + 29 }, 204],
])('answers a token %s as it should', async (_, claims, status) => {
  const call = await caller()
  expect(await call(`Bearer ${await sign({ ...good, ...claims } as JWTPayload)}`)).toBe(status)
})

test('refuses a token signed by somebody else, with another algorithm, with none, changed afterwards, or no token', async () => {
  const call = await caller()
  const token = await sign(good)
  const [header, , signature] = token.split('.')
  const changed = Buffer.from(JSON.stringify({ ...good, email: INVOKER, sub: 'x' })).toString('base64url')
  const symmetric = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(Buffer.alloc(32))
  const refused = [
    null,
    'Basic dXNlcjpwYXNz',
    'Bearer',
    'Bearer nonsense',
    `Bearer ${await sign(good, { keys: strangerKeys })}`,
    `Bearer ${await symmetric}`,
    `Bearer ${new UnsecuredJWT(good).encode()}`,
    `Bearer ${header}.${changed}.${signature}`,
    `Bearer ${header}.${token.split('.')[1]}.`,
  ]
  for (const authorization of refused) expect([authorization, await call(authorization)]).toEqual([authorization, 401])
})

test('asks for a retry, not for another token, while the keys cannot be fetched', async () => {
  isJwksDown = true
  const call = await caller()
  expect(await call(`Bearer ${await sign(good)}`)).toBe(503)
  isJwksDown = false
  expect(await call(`Bearer ${await sign(good)}`)).toBe(204)
})

test('fetches the keys once for many calls', async () => {
  const call = await caller()
  const token = `Bearer ${await sign(good)}`
  jwksCalls = 0
  for (let index = 0; index < 5; index += 1) expect(await call(token)).toBe(204)
  expect(jwksCalls).toBe(1)
})

describe('a token whose signature Cloud Run removed', () => {
  const strip = async (claims: JWTPayload) => {
    const token = await sign(claims)
    return `Bearer ${token.slice(0, token.lastIndexOf('.'))}.SIGNATURE_REMOVED_BY_GOOGLE`
  }

  test('is refused unless the service says that IAM guards it', async () => {
    expect(await (await caller())(await strip(good))).toBe(401)
    const trusting = await caller({ TRUST_STRIPPED_SIGNATURE: 'true' })
    expect(await trusting(await strip(good))).toBe(204)
  })

  test('is still judged by its claims', async () => {
    const call = await caller({ TRUST_STRIPPED_SIGNATURE: 'true' })
    expect(await call(await strip({ ...good, aud: 'https://other.example' }))).toBe(401)
    expect(await call(await strip({ ...good, exp: nowS - 60 }))).toBe(401)
    expect(await call(await strip({ ...good, email: 'other@x.com' }))).toBe(403)
    expect(await call('Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE')).toBe(401)
  })
})

test('without invokers lets nobody in, not even with a good token', async () => {
  const call = await caller({ INTERNAL_INVOKERS: '' })
  expect(await call(null)).toBe(403)
  expect(await call(`Bearer ${await sign(good)}`)).toBe(403)
})

test('without invokers lets everybody in on a laptop, where nobody makes tokens', async () => {
  const call = await caller({ INTERNAL_INVOKERS: '', FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' })
  expect(await call(null)).toBe(204)
})

test('with invokers asks for a token on a laptop too', async () => {
  const call = await caller({ FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' })
  expect(await call(null)).toBe(401)
})
