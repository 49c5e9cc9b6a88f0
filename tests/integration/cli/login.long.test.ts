import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localProject } from '#local/environment.ts'
import { LOCAL_API_KEY, LOCAL_PASSWORD } from '#local/identity/accounts.ts'
import { type SignInStandIn, startSignIn } from '#local/identity/server.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../support/api-world.ts'
import { forge, forgeHere } from '../../support/forge.ts'

const email = 'local-user@example.com'

let world: ApiWorld
let api: ApiInstance
let signIn: SignInStandIn
let configHome: string
let env: Record<string, string>
beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start()
  signIn = await startSignIn({ identity: world.identity, projectId: localProject })
  configHome = await mkdtemp(join(tmpdir(), 'forge-login-'))
  // The API is in this process, and its clients read these.
  const { FIRESTORE_EMULATOR_HOST = '', STORAGE_EMULATOR_HOST = '', GOOGLE_APPLICATION_CREDENTIALS = '' } = process.env
  const servers = { FIRESTORE_EMULATOR_HOST, STORAGE_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS }
  env = { ...servers, METADATA_SERVER_DETECTION: 'none', XDG_CONFIG_HOME: configHome }
})
afterAll(async () => {
  await signIn.close()
  await world.close()
  await rm(configHome, { recursive: true, force: true })
})

const run = (...args: string[]) => forgeHere([...args, '--json'], env)
const login = (input: string, ...args: string[]) => forgeHere(['login', '--json', ...args], env, input)
const sessionPath = () => join(configHome, 'charaforge', 'sign-ins', 'here.json')
const session = async () => JSON.parse(await readFile(sessionPath(), 'utf8')) as Record<string, string>
const addProfile = (...args: string[]) =>
  run(
    'profile',
    'add',
    'here',
    '--api',
    api.url,
    '--identity-url',
    signIn.identityUrl,
    '--token-url',
    signIn.tokenUrl,
    ...args,
  )

test('login, a command, an hour, another token, logout', async () => {
  expect((await addProfile('--api-key', LOCAL_API_KEY)).records()).toMatchObject([{ name: 'here', inUse: true }])
  const asProcess = forge(['login', '--json', '--email', email], { env, input: `${LOCAL_PASSWORD}\n` })
  const signedIn = await asProcess.ended
  expect(signedIn).toMatchObject({ exitCode: 0, stderr: '' })
  expect(signedIn.records()).toEqual([{ type: 'signed-in', profile: 'here', uid: 'local-user', email }])

  // Its owner's alone, the folder too; neither password nor token was said.
  expect((await stat(sessionPath())).mode & 0o777).toBe(0o600)
  expect((await stat(join(sessionPath(), '..'))).mode & 0o777).toBe(0o700)
  const before = await session()
  expect(JSON.stringify(before)).not.toContain(LOCAL_PASSWORD)

  expect(await run('trainings')).toMatchObject({ exitCode: 0, stdout: '' })
  expect(signIn.requests).toEqual([{ endpoint: 'password', status: 200 }])

  // An hour later, but for the minutes within which nobody relies on a token any more.
  const expiresAt = new Date(Date.now() + 4 * 60_000).toISOString()
  await writeFile(sessionPath(), JSON.stringify({ ...before, idToken: 'too old', expiresAt }))
  expect(await run('trainings')).toMatchObject({ exitCode: 0, stdout: '' })
  expect(signIn.requests.slice(1)).toEqual([{ endpoint: 'token', status: 200 }])
  const after = await session()
  expect(after).toMatchObject({ uid: 'local-user', email, refreshToken: before.refreshToken })
  expect(Date.parse(after.expiresAt!) - Date.now()).toBeGreaterThan(59 * 60_000)
  expect((await stat(sessionPath())).mode & 0o777).toBe(0o600)

  expect(await run('trainings')).toMatchObject({ exitCode: 0 })
  expect(signIn.requests).toHaveLength(2)

  const ls = await run('profile', 'ls')
  expect(ls.records()).toMatchObject([{ name: 'here', inUse: true, signedIn: email }])
  expect(ls.stdout).not.toContain(after.refreshToken)

  expect((await run('logout')).records()).toEqual([{ type: 'signed-out', profile: 'here', wasSignedIn: true }])
  await expect(stat(sessionPath())).rejects.toThrow('ENOENT')
})

test('whom the project has signed out is told to sign in again', async () => {
  await addProfile('--api-key', LOCAL_API_KEY)
  await login(LOCAL_PASSWORD, '--email', email)
  await writeFile(sessionPath(), JSON.stringify({ ...(await session()), expiresAt: new Date(0).toISOString() }))
  signIn.revoke('local-user')
  const answer = await run('trainings')
  expect(answer.exitCode).toBe(1)
  expect(answer.records()).toEqual([
    {
      type: 'error',
      code: 'forge.login-expired',
      message: 'You are signed in no longer: "forge login" does it again.',
    },
  ])
})

test('a refresh token serves those without a password', async () => {
  await addProfile('--api-key', LOCAL_API_KEY)
  await login(LOCAL_PASSWORD, '--email', email)
  const { refreshToken } = await session()
  await run('logout')
  const answer = await login(`${refreshToken}\n`, '--refresh-token')
  expect(answer.records()).toEqual([{ type: 'signed-in', profile: 'here', uid: 'local-user', email: null }])
  expect(await run('trainings')).toMatchObject({ exitCode: 0 })
})

test('tokens of a profile go to no other API, nor to the same one under another key', async () => {
  await addProfile('--api-key', LOCAL_API_KEY)
  await login(LOCAL_PASSWORD, '--email', email)
  // An API elsewhere: nothing is sent there, since nobody is signed in to it.
  const elsewhere = await run('trainings', '--api', 'https://api.example')
  expect(elsewhere).toMatchObject({ exitCode: 2 })
  expect(elsewhere.records()).toMatchObject([{ code: 'usage', message: expect.stringContaining('forge login') }])

  await addProfile('--api-key', 'of-another-project')
  const { records } = await forgeHere(['trainings', '--json'], { ...env, FORGE_DATA_DIR: configHome })
  expect(records()).toMatchObject([{ code: 'usage', message: expect.stringContaining('never run here') }])
})

test.each([
  ['a wrong password', 'wrong', 'forge.login-wrong-password'],
  ['an empty one', '', 'usage'],
])('%s signs nobody in', async (_what, input, code) => {
  await run('logout')
  await addProfile('--api-key', LOCAL_API_KEY)
  const answer = await login(input, '--email', email)
  expect(answer.exitCode).toBe(code === 'usage' ? 2 : 1)
  expect(answer.records()).toMatchObject([{ type: 'error', code }])
  expect((await run('logout')).records()).toMatchObject([{ wasSignedIn: false }])
})

test('a sign-in that fails on the way is a failure with a sentence, not a session', async () => {
  await addProfile('--api-key', LOCAL_API_KEY)
  signIn.inject({ fault: { kind: 'status', status: 503, html: true }, times: 1, endpoint: 'password' })
  const answer = await login(LOCAL_PASSWORD, '--email', email)
  expect(answer.records()).toMatchObject([
    { code: 'forge.login-unreachable', message: expect.stringMatching(/^127\.0/) },
  ])
  signIn.assertAllFired()
})
