import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { localProject } from '#local/environment.ts'
import { openIdentity } from '#local/identity/identity.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'

let world: ApiWorld
let api: ApiInstance

beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start()
})
afterAll(() => world.close())

const nowS = () => Math.floor(Date.now() / 1000)
const good = () => ({
  iss: `https://securetoken.google.com/${localProject}`,
  aud: localProject,
  sub: 'u1',
  iat: nowS() - 60,
  exp: nowS() + 3000,
  auth_time: nowS() - 60,
})

const usage = (headers: Record<string, string>, at = api) => at.call({ token: null, path: '/api/usage', headers })
const bearer = (token: string) => usage({ authorization: `Bearer ${token}` })

test('a request without a token is asked for one', async () => {
  const { status, headers, body } = await usage({})
  expect([status, body.error.code]).toEqual([401, 'auth.missing'])
  expect(headers.get('www-authenticate')).toBe('Bearer realm="charaforge"')
})

test.each<[string, string]>([
  ['another scheme', 'Basic dTpw'],
  ['nothing behind the scheme', 'Bearer'],
  ['two tokens', 'Bearer a b'],
  ['no JWT', 'Bearer abc'],
  ['a JWT of nothing', 'Bearer ..'],
  ['a stripped signature', 'Bearer e30.e30.SIGNATURE_REMOVED_BY_GOOGLE'],
])('%s is no token', async (_title, authorization) => {
  const { status, headers, body } = await usage({ authorization })
  expect([status, body.error.code]).toEqual([401, 'auth.invalid'])
  expect(headers.get('www-authenticate')).toBe('Bearer realm="charaforge", error="invalid_token"')
})

test.each<[string, () => Record<string, unknown>]>([
  ['that has expired', () => ({ exp: nowS() - 31 })],
  ['of another issuer', () => ({ iss: 'https://securetoken.google.com/other' })],
  ['for another audience', () => ({ aud: 'other' })],
  ['that names no user', () => ({ sub: '' })],
  ['from the future', () => ({ iat: nowS() + 120 })],
  ['of a sign-in still to come', () => ({ auth_time: nowS() + 120 })],
  ['without a sign-in', () => ({ auth_time: undefined })],
])('a token %s is refused without a reason', async (_title, claims) => {
  expect((await bearer(await world.identity.sign(good()))).status).toBe(200)
  const { status, body } = await bearer(await world.identity.sign({ ...good(), ...claims() }))
  expect([status, body.error]).toEqual([
    401,
    { code: 'auth.invalid', message: 'The ID token is not valid, or no longer; sign in again.', details: null },
  ])
})

test('a token by another key, or by a key that is no key pair, is refused', async () => {
  const stranger = await openIdentity({ dataDir: null })
  expect((await bearer(await stranger.sign(good()))).status).toBe(401)
  const { publicKey } = await generateKeyPair('RS256', { extractable: true })
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)))
  const forged = await new SignJWT(good()).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  expect((await bearer(forged)).status).toBe(401)
})

test('the Auth emulator’s unsigned tokens are good in the local stack, and never on Cloud Run', async () => {
  const unsigned = new UnsecuredJWT(good()).encode()
  expect((await bearer(unsigned)).status).toBe(200)
  const deployed = await world.start({ K_REVISION: 'api-00001-abc' })
  expect((await usage({ authorization: `Bearer ${unsigned}` }, deployed)).status).toBe(401)
  expect((await usage({ authorization: `Bearer ${await world.identity.sign(good())}` }, deployed)).status).toBe(200)
})

test('when the keys cannot be fetched, nobody is turned away for good', async () => {
  const cut = await world.start({ FIREBASE_JWKS_URL: 'http://127.0.0.1:1/keys' })
  const token = await world.identity.sign(good())
  const { status, headers, body } = await usage({ authorization: `Bearer ${token}` }, cut)
  expect([status, body.error.code]).toEqual([503, 'token.keys-unavailable'])
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
})

test('the reason of a refusal is in the log, the token is not', async () => {
  const token = await world.identity.sign({ ...good(), aud: 'other-project' })
  await bearer(token)
  const log = JSON.stringify(api.log.entries)
  expect(log).toContain('its audience is other-project')
  expect(log).not.toContain(token.slice(-40))
})
