import { isPlainUrl, isSafeUrl } from '../api/safe-url.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { table } from '../output.ts'
import { isProfileName } from '../profiles/profile-name.ts'
import type { Profile } from '../profiles/profiles.ts'

const addUsage = `forge profile add NAME [--api URL] [--api-key KEY] [--project ID] [--bucket NAME] …

Names a deployment, or changes what is known of it. Commands take it by --profile NAME, by
FORGE_PROFILE, or because it is in use. The first one is in use at once.

  --api URL              of its HTTP API
  --api-key KEY          the Firebase project's web API key, for "forge login"; it is no secret
  --project ID           for commands that work with your own rights, as the buckets are
  --bucket NAME          the app's (STORAGE_BUCKET)
  --work-bucket NAME     WORK_BUCKET
  --models-bucket NAME   MODELS_STORAGE_BUCKET
  --identity-url URL     where one signs in, instead of https://identitytoolkit.googleapis.com
  --token-url URL        where tokens are renewed, instead of https://securetoken.googleapis.com
`

const useUsage = `forge profile use NAME

Commands are about this deployment from now on, where neither --profile nor FORGE_PROFILE names another.
`

const lsUsage = `forge profile ls

The deployments that have a name here. The one in use has a star.
`

const rmUsage = `forge profile rm NAME

Forgets a deployment, and who is signed in to it. The deployment itself stays as it is.
`

const addOptions = {
  api: { type: 'string' },
  'api-key': { type: 'string' },
  project: { type: 'string' },
  bucket: { type: 'string' },
  'work-bucket': { type: 'string' },
  'models-bucket': { type: 'string' },
  'identity-url': { type: 'string' },
  'token-url': { type: 'string' },
} as const

export const profileAdd: Command = {
  words: ['profile', 'add'],
  synopsis: 'profile add NAME',
  summary: 'name a deployment, or change what is known of it',
  usage: addUsage,
  options: addOptions,
  isOffline: true,
  examples: [
    'forge profile add prod --api https://api.example.com --api-key AIza0123 --project charaforge-prod',
    'forge profile add prod --bucket charaforge-prod.firebasestorage.app --models-bucket charaforge-prod-models',
  ],
  async run(args, { output }) {
    const { values, positionals } = parseCall(args, addOptions, addUsage)
    const name = nameOf(positionals, addUsage)
    const { readProfiles, writeProfiles } = await import('../profiles/profiles.ts')
    const profiles = await readProfiles(process.env)
    const before = Object.hasOwn(profiles.profiles, name) ? profiles.profiles[name] : undefined
    const profile: Profile = {
      apiUrl: urlOf('api', values.api) ?? before?.apiUrl ?? null,
      apiKey: values['api-key'] ?? before?.apiKey ?? null,
      project: values.project ?? before?.project ?? null,
      bucket: values.bucket ?? before?.bucket ?? null,
      workBucket: values['work-bucket'] ?? before?.workBucket ?? null,
      modelsBucket: values['models-bucket'] ?? before?.modelsBucket ?? null,
      identityUrl: urlOf('identity-url', values['identity-url']) ?? before?.identityUrl ?? null,
      tokenUrl: urlOf('token-url', values['token-url']) ?? before?.tokenUrl ?? null,
    }
    if (profile.apiUrl === null && profile.project === null) {
      throw new UsageError('A profile needs --api or --project.', addUsage)
    }
    const current = profiles.current ?? name
    await writeProfiles(process.env, { current, profiles: { ...profiles.profiles, [name]: profile } })
    const inUse = current === name
    const words = before === undefined ? 'is kept' : 'is changed'
    output.result({ type: 'profile', name, inUse, ...profile }, `${name} ${words}${inUse ? ' and in use' : ''}.`)
    return true
  },
}

export const profileUse: Command = {
  words: ['profile', 'use'],
  synopsis: 'profile use NAME',
  summary: 'have commands be about it from now on',
  usage: useUsage,
  options: {},
  isOffline: true,
  examples: ['forge profile use prod'],
  async run(args, { output }) {
    const { positionals } = parseCall(args, {}, useUsage)
    const name = nameOf(positionals, useUsage)
    const { profileNamed, readProfiles, writeProfiles } = await import('../profiles/profiles.ts')
    const profiles = await readProfiles(process.env)
    profileNamed(profiles, name)
    await writeProfiles(process.env, { ...profiles, current: name })
    output.result({ type: 'in-use', name }, `${name} is in use.`)
    return true
  },
}

export const profileLs: Command = {
  words: ['profile', 'ls'],
  synopsis: 'profile ls',
  summary: 'the deployments that have a name here',
  usage: lsUsage,
  options: {},
  isOffline: true,
  examples: ['forge profile ls'],
  async run(args, { output }) {
    const { positionals } = parseCall(args, {}, lsUsage)
    if (positionals.length > 0) throw new UsageError('profile ls takes options only.', lsUsage)
    const { readProfiles } = await import('../profiles/profiles.ts')
    const { profiles, current } = await readProfiles(process.env)
    const { readSession } = await import('../login/session.ts')
    const rows: string[][] = []
    for (const [name, profile] of Object.entries(profiles)) {
      const session = await readSession(process.env, name)
      const signedIn = session === null ? null : (session.email ?? session.uid)
      const inUse = name === current
      if (output.json) output.result({ type: 'profile', name, inUse, signedIn, ...profile }, name)
      rows.push([inUse ? '*' : '', name, profile.apiUrl ?? '', profile.project ?? '', signedIn ?? ''])
    }
    if (output.json) return true
    const head = ['', 'NAME', 'API', 'PROJECT', 'SIGNED IN']
    output.text(
      rows.length === 0 ? 'There are no profiles: forge profile add NAME makes one.' : table([head, ...rows], ''),
    )
    return true
  },
}

export const profileRm: Command = {
  words: ['profile', 'rm'],
  synopsis: 'profile rm NAME',
  summary: 'forget one, and who is signed in to it',
  usage: rmUsage,
  options: {},
  isOffline: true,
  examples: ['forge profile rm staging'],
  async run(args, { output }) {
    const { positionals } = parseCall(args, {}, rmUsage)
    const name = nameOf(positionals, rmUsage)
    const { profileNamed, readProfiles, writeProfiles } = await import('../profiles/profiles.ts')
    const { current, profiles } = await readProfiles(process.env)
    profileNamed({ current, profiles }, name)
    const { removeSession } = await import('../login/session.ts')
    await removeSession(process.env, name)
    const { [name]: _gone, ...rest } = profiles
    await writeProfiles(process.env, { current: current === name ? null : current, profiles: rest })
    output.result({ type: 'profile-removed', name }, `${name} is forgotten.`)
    return true
  },
}

/** @throws UsageError */
function nameOf(positionals: readonly string[], usage: string): string {
  const [name, ...rest] = positionals
  if (name === undefined || rest.length > 0) throw new UsageError('Name one profile.', usage)
  if (isProfileName(name)) return name
  throw new UsageError(`A profile's name has letters, digits, dots and dashes, unlike "${name}".`, usage)
}

/** An address without a slash at its end. @throws UsageError */
function urlOf(option: string, text: string | undefined): string | null {
  if (text === undefined) return null
  const url = URL.parse(text)
  if (url !== null && isSafeUrl(url) && isPlainUrl(url)) return url.href.replace(/\/+$/, '')
  throw new UsageError(`--${option} takes an https address (http only on this machine), not "${text}".`, addUsage)
}
