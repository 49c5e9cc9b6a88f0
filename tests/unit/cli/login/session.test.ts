import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SignInService } from '../../../../cli/login/firebase.ts'
import { readSession, type Session, sessionTokens, writeSession } from '../../../../cli/login/session.ts'
import type { HttpRequest } from '../../../../shared/http/client.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const HOUR_MS = 3_600_000

let folder: string
let env: { XDG_CONFIG_HOME: string }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'))
  env = { XDG_CONFIG_HOME: folder }
})
afterEach(() => rm(folder, { recursive: true }))

/** A sign-in that hands out `token-1`, `token-2`, … each for an hour. */
function signIn() {
  const asked: HttpRequest[] = []
  const http = {
    async request(request: HttpRequest) {
      asked.push(request)
      const answer = { user_id: 'ana', id_token: `token-${asked.length}`, refresh_token: 'r', expires_in: '3600' }
      return { json: async () => answer }
    },
  } as unknown as SignInService['http']
  const service: SignInService = { http, apiKey: 'key', identityUrl: 'https://identity', tokenUrl: 'https://token' }
  return { asked, service }
}

function sessionUntil(expiresAtMs: number): Session {
  const tokens = { idToken: 'token-0', refreshToken: 'r', expiresAt: new Date(expiresAtMs) }
  return { apiUrl: 'https://api', apiKey: 'key', uid: 'ana', email: 'ana@example.com', ...tokens }
}

test('a token is shown until five minutes before it runs out; then another one is fetched, once for all, and kept', async () => {
  let now = start
  const { asked, service } = signIn()
  const session = sessionUntil(start + HOUR_MS)
  const token = sessionTokens({ env, profileName: 'prod', session, service, now: () => now })

  expect(await token()).toBe('token-0')
  now = start + 54 * 60_000
  expect(await token()).toBe('token-0')
  expect(asked).toEqual([])

  now = start + 55 * 60_000
  expect(await Promise.all([token(), token(), token()])).toEqual(['token-1', 'token-1', 'token-1'])
  expect(asked).toHaveLength(1)
  expect(String(asked[0]?.url)).toBe('https://token/v1/token?key=key')
  expect(await readSession(env, 'prod')).toEqual({
    ...session,
    idToken: 'token-1',
    expiresAt: new Date(now + HOUR_MS),
  })

  now += HOUR_MS
  expect(await token()).toBe('token-2')
})

test('a file that is no session counts as none', async () => {
  await writeSession(env, 'prod', sessionUntil(start))
  expect(await readSession(env, 'prod')).not.toBeNull()
  expect(await readSession(env, 'staging')).toBeNull()
  await writeSession(env, 'prod', { uid: 'ana' } as Session)
  expect(await readSession(env, 'prod')).toBeNull()
  expect(await readSession({}, 'prod')).toBeNull()
})

test('a file that was cut counts as nobody signed in, and a new sign-in mends it', async () => {
  const path = join(folder, 'charaforge', 'sign-ins', 'prod.json')
  await writeSession(env, 'prod', sessionUntil(start))
  await writeFile(path, '{"apiUrl":')
  expect(await readSession(env, 'prod')).toBeNull()
  await writeSession(env, 'prod', sessionUntil(start))
  expect(await readSession(env, 'prod')).toEqual(sessionUntil(start))
})
