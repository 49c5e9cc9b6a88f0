import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localProject } from '#local/environment.ts'
import { connectFirestore, startTestDocuments } from '../../support/documents.ts'
import { forgeHere } from '../../support/forge.ts'

let home: string
let env: Record<string, string>
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forge-profiles-'))
  env = { HOME: home, METADATA_SERVER_DETECTION: 'none' }
  process.env = { ...env }
})
afterEach(() => rm(home, { recursive: true }))

const run = (args: string[], more: Record<string, string> = {}) => forgeHere([...args, '--json'], { ...env, ...more })

test('profiles are added, changed, used, listed and removed; the first one is in use at once', async () => {
  await run(['profile', 'add', 'prod', '--api', 'https://api.prod/', '--project', 'prod'])
  await run(['profile', 'add', 'staging', '--project', 'staging', '--bucket', 'staging-app'])
  await run(['profile', 'add', 'prod', '--api-key', 'k'])
  const empty = {
    bucket: null,
    workBucket: null,
    modelsBucket: null,
    identityUrl: null,
    tokenUrl: null,
    signedIn: null,
  }
  const prod = { ...empty, name: 'prod', apiUrl: 'https://api.prod', apiKey: 'k', project: 'prod' }
  expect((await run(['profile', 'ls'])).records()).toEqual([
    { type: 'profile', ...prod, inUse: true },
    {
      type: 'profile',
      ...empty,
      name: 'staging',
      apiUrl: null,
      apiKey: null,
      project: 'staging',
      bucket: 'staging-app',
      inUse: false,
    },
  ])
  await run(['profile', 'use', 'staging'])
  await run(['profile', 'rm', 'staging'])
  expect((await run(['profile', 'ls'])).records()).toEqual([{ type: 'profile', ...prod, inUse: false }])
  expect((await stat(join(home, '.config', 'charaforge', 'profiles.json'))).mode & 0o777).toBe(0o600)
})

test('commands with one’s own rights work on the profile’s project', async () => {
  const documents = await startTestDocuments()
  const db = connectFirestore(documents.host, localProject)
  try {
    await db.doc('characters/there').set({ visuals: {}, meta: { userId: 'ann' } })
    const more = { FIRESTORE_EMULATOR_HOST: documents.host }
    const codes = async (...args: string[]) =>
      (await run(['images', 'process', 'there', ...args], more)).records().map(({ code }) => code)
    await run(['profile', 'add', 'here', '--project', localProject, '--bucket', 'app-bucket'])
    await run(['profile', 'add', 'other', '--project', 'other-project', '--bucket', 'other-bucket'])

    expect(await codes()).toEqual(['image.no-picture'])
    expect(await codes('--profile', 'other')).toEqual(['image.no-document'])
    expect(await codes('--profile=here')).toEqual(['image.no-picture'])
    const chosen = await run(['images', 'process', 'there'], { ...more, FORGE_PROFILE: 'other' })
    expect(chosen.records()).toMatchObject([{ code: 'image.no-document' }])
  } finally {
    await db.terminate()
    await documents.close()
  }
})

test.each([
  ['a profile that is none', ['jobs', 'list', '--profile', 'nowhere'], {}, 'forge.no-such-profile'],
  ['one that the environment names', ['jobs', 'list'], { FORGE_PROFILE: 'nowhere' }, 'forge.no-such-profile'],
  ['a profile beside --local', ['jobs', 'list', '--profile', 'nowhere', '--local'], {}, 'usage'],
  ['a profile without anything', ['profile', 'add', 'empty'], {}, 'usage'],
  ['an API in the clear', ['profile', 'add', 'p', '--api', 'http://api.example'], {}, 'usage'],
  ['a name that is a path', ['profile', 'add', '../p', '--project', 'p'], {}, 'usage'],
  ['nothing to use', ['profile', 'use', 'nowhere'], {}, 'forge.no-such-profile'],
  ['nobody to sign in to', ['login', '--email', 'a@b.c'], {}, 'usage'],
  ['a password as an argument', ['login', 'hunter2'], {}, 'usage'],
  ['a sign-in to the local cloud', ['login', '--local'], {}, 'usage'],
  ['nowhere to keep it', ['profile', 'add', 'p', '--project', 'p'], { HOME: '' }, 'config.invalid'],
])('%s is called wrongly', async (_what, args, more, code) => {
  const answer = await run(args, more as Record<string, string>)
  expect(answer.exitCode).toBe(2)
  expect(answer.records()).toMatchObject([{ type: 'error', code }])
})

test('a broken file of profiles is named, and help comes all the same', async () => {
  await mkdir(join(home, '.config', 'charaforge'), { recursive: true })
  await writeFile(join(home, '.config', 'charaforge', 'profiles.json'), '{"profiles":[]}')
  const answer = await run(['jobs', 'list'])
  expect(answer.exitCode).toBe(2)
  expect(answer.records()).toMatchObject([
    { code: 'config.invalid', message: expect.stringContaining('profiles.json') },
  ])
  expect(await run(['jobs', 'list', '--help'])).toMatchObject({ exitCode: 0 })
})

test('a place that cannot be written to is a sentence, not a stack', async () => {
  const answer = await forgeHere(['profile', 'add', 'p', '--project', 'p'], { ...env, XDG_CONFIG_HOME: '/dev/null' })
  expect(answer).toMatchObject({ exitCode: 1, stdout: '' })
  expect(answer.stderr).toBe("ENOTDIR: not a directory, open '/dev/null/charaforge/profiles.json'.\n")
})
