import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { type Identity, openIdentity } from '#local/identity/identity.ts'
import { createFirebaseVerifier, type FirebaseRules } from '#shared/server/firebase-user.ts'
import { TokenRefused } from '#shared/server/signed-token.ts'

const projectId = 'app-project'
const nowMs = Date.parse('2026-11-21T09:00:00Z')
const now = new Date(nowMs)
const nowS = nowMs / 1000

let identity: Identity
let keyServer: Server
let rules: FirebaseRules

beforeAll(async () => {
  identity = await openIdentity({ dataDir: null, now: () => nowMs })
  keyServer = createServer((_request, response) => response.end(JSON.stringify(identity.jwks))).listen(0, '127.0.0.1')
  await new Promise((resolve) => keyServer.once('listening', resolve))
  const jwksUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`
  rules = { projectId, jwksUrl, adminUids: ['boss'], acceptUnsigned: false }
})
afterAll(() => new Promise((resolve) => keyServer.close(resolve)))

const judge = (token: string, changed: Partial<FirebaseRules> = {}, at = now) =>
  createFirebaseVerifier({ ...rules, ...changed })(token, at)

const good = { iss: `https://securetoken.google.com/${projectId}`, aud: projectId, sub: 'u1', auth_time: nowS - 60 }

/** A token that is good but for these claims. */
const signed = (claims: Record<string, unknown>) =>
  identity.sign({ iat: nowS - 60, exp: nowS + 3_000, ...good, ...claims })

test('the local stack signs users in, and their tokens are good', async () => {
  const token = await identity.mintUser({ projectId, uid: 'u1', email: 'zoe@example.com' })
  expect(await judge(token)).toEqual({ uid: 'u1', email: 'zoe@example.com', isOperator: false })
})

test('operators are told by a claim that only servers can set, or by the operator’s own list', async () => {
  const claimed = await identity.mintUser({ projectId, uid: 'u2', claims: { operator: true } })
  expect((await judge(claimed)).isOperator).toBe(true)
  expect((await judge(await identity.mintUser({ projectId, uid: 'boss' }))).isOperator).toBe(true)
  for (const operator of ['true', 1, {}, null]) {
    const lookalike = await identity.mintUser({
      projectId,
      uid: 'u3',
      claims: { operator, role: 'admin', admin: true },
    })
    expect((await judge(lookalike)).isOperator).toBe(false)
  }
})

test('an address that its owner has not proven is none', async () => {
  expect((await judge(await signed({ email: 'a@b.c', email_verified: false }))).email).toBeNull()
})

test.each<[string, Record<string, unknown>]>([
  ['of another project', { iss: 'https://securetoken.google.com/other', aud: 'other' }],
  ['for another audience', { aud: 'other' }],
  ['of Google’s service accounts', { iss: 'https://accounts.google.com' }],
  ['that has expired', { exp: nowS - 31 }],
  ['that never expires', { exp: undefined }],
  ['from the future', { iat: nowS + 31 }],
  ['whose user signs in later', { auth_time: nowS + 31 }],
  ['that says nothing of a sign-in', { auth_time: undefined }],
  ['without a user', { sub: undefined }],
  ['with an empty user', { sub: '' }],
  ['with a user that is too long', { sub: 'x'.repeat(129) }],
])('refuses a token %s', async (_which, claims) => {
  await expect(judge(await signed(claims))).rejects.toBeInstanceOf(TokenRefused)
})

test('refuses a signature by another key, by a symmetric one, and none at all', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const { kid } = identity.jwks.keys[0]!
  const stranger = await new SignJWT({ ...good, exp: nowS + 60 })
    .setProtectedHeader({ alg: 'RS256', kid: String(kid) })
    .sign(privateKey)
  const modulus = new TextEncoder().encode(String((await exportJWK(publicKey)).n))
  const symmetric = await new SignJWT({ ...good, exp: nowS + 60 })
    .setProtectedHeader({ alg: 'HS256', kid: String(kid) })
    .sign(modulus)
  const unsigned = new UnsecuredJWT({ ...good, exp: nowS + 60 }).encode()
  for (const token of [stranger, symmetric, unsigned, 'no token', '..', `${stranger}x`]) {
    await expect(judge(token)).rejects.toBeInstanceOf(TokenRefused)
  }
})

test('takes the Auth emulator’s unsigned tokens only where it is told to, and judges the rest of them', async () => {
  const unsigned = (claims: Record<string, unknown> = {}) =>
    new UnsecuredJWT({ ...good, iat: nowS, exp: nowS + 60, ...claims }).encode()
  expect(await judge(unsigned(), { acceptUnsigned: true })).toMatchObject({ uid: 'u1' })
  for (const token of [unsigned({ aud: 'other' }), unsigned({ exp: nowS - 60 }), `${unsigned()}x`]) {
    await expect(judge(token, { acceptUnsigned: true })).rejects.toBeInstanceOf(TokenRefused)
  }
})

test('a token that nobody can judge at the moment is not refused but tried again', async () => {
  const token = await identity.mintUser({ projectId, uid: 'u1' })
  const nobody = { jwksUrl: 'http://127.0.0.1:1/' }
  await expect(judge(token, nobody)).rejects.toMatchObject({ code: 'token.keys-unavailable', retryable: true })
})
