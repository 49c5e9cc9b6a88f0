import { decodeJwt } from 'jose'
import { LOCAL_API_KEY } from '#local/identity/accounts.ts'
import { type Identity, openIdentity } from '#local/identity/identity.ts'
import { type SignInStandIn, startSignIn } from '#local/identity/server.ts'

const ana = { uid: 'ana', email: 'ana@example.com', password: 'correct horse', claims: { admin: true } }
const gone = { uid: 'gone', email: 'gone@example.com', password: 'pass', isDisabled: true }

let identity: Identity
let signIn: SignInStandIn
beforeAll(async () => {
  identity = await openIdentity({ dataDir: null })
  signIn = await startSignIn({ identity, projectId: 'test-project', accounts: [ana, gone] })
})
afterAll(() => signIn.close())

async function password(body: unknown, key = `?key=${LOCAL_API_KEY}`) {
  const answer = await fetch(`${signIn.identityUrl}/v1/accounts:signInWithPassword${key}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function token(form: Record<string, string>) {
  const answer = await fetch(`${signIn.tokenUrl}/v1/token?key=${LOCAL_API_KEY}`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const refusal = (message: string, code = 400) => ({
  status: code,
  body: { error: { code, message, errors: [{ message, domain: 'global', reason: 'invalid' }] } },
})

test('a password earns an ID token of the project with the account’s claims, and a refresh token', async () => {
  const { status, body } = await password({ email: 'Ana@example.com', password: ana.password, returnSecureToken: true })
  expect(status).toBe(200)
  expect(body).toEqual({
    kind: 'identitytoolkit#VerifyPasswordResponse',
    localId: 'ana',
    email: 'ana@example.com',
    displayName: '',
    idToken: expect.any(String),
    registered: true,
    refreshToken: expect.any(String),
    expiresIn: '3600',
  })
  const claims = decodeJwt(String(body.idToken))
  expect(claims).toMatchObject({ aud: 'test-project', sub: 'ana', email: 'ana@example.com', admin: true })
  expect(claims.exp! - claims.iat!).toBe(3600)
})

test('a refresh token earns another ID token of the same user, until it is revoked', async () => {
  const { refreshToken } = (await password({ email: ana.email, password: ana.password })).body
  const asked = { grant_type: 'refresh_token', refresh_token: String(refreshToken) }
  const { status, body } = await token(asked)
  expect(status).toBe(200)
  expect(body).toEqual({
    access_token: body.id_token,
    expires_in: '3600',
    token_type: 'Bearer',
    refresh_token: refreshToken,
    id_token: expect.any(String),
    user_id: 'ana',
    project_id: 'test-project',
  })
  expect(decodeJwt(String(body.id_token))).toMatchObject({ sub: 'ana', admin: true })

  signIn.revoke('ana')
  expect(await token(asked)).toEqual(refusal('TOKEN_EXPIRED'))
})

test.each([
  ['a wrong password', { email: ana.email, password: 'wrong' }, 'INVALID_LOGIN_CREDENTIALS'],
  ['an address that nobody has', { email: 'who@example.com', password: 'x' }, 'INVALID_LOGIN_CREDENTIALS'],
  ['what is no address', { email: 'ana', password: 'x' }, 'INVALID_EMAIL'],
  ['no password', { email: ana.email }, 'MISSING_PASSWORD'],
  ['an account that is disabled', { email: gone.email, password: gone.password }, 'USER_DISABLED'],
])('%s is refused in Google’s words', async (_what, body, message) => {
  expect(await password(body)).toEqual(refusal(message))
})

test.each([
  ['no token', { grant_type: 'refresh_token' }, 'MISSING_REFRESH_TOKEN'],
  ['another grant', { grant_type: 'password', refresh_token: 'x' }, 'INVALID_GRANT_TYPE'],
  ['what is no refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, 'INVALID_REFRESH_TOKEN'],
])('%s is refused in Google’s words, too', async (_what, form, message) => {
  expect(await token(form as Record<string, string>)).toEqual(refusal(message))
})

test('an ID token is no refresh token', async () => {
  const idToken = await identity.mintUser({ projectId: 'test-project', uid: 'ana' })
  expect(await token({ grant_type: 'refresh_token', refresh_token: idToken })).toEqual(refusal('INVALID_REFRESH_TOKEN'))
})

test('without its API key, or with another one, nobody signs in', async () => {
  const body = { email: ana.email, password: ana.password }
  expect(await password(body, '')).toEqual(refusal('The request is missing a valid API key.', 403))
  expect(await password(body, '?key=other')).toEqual(refusal('API key not valid. Please pass a valid API key.'))
})
