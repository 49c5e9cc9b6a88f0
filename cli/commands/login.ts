import { type Command, type CommandContext, parseCall, UsageError } from '../command.ts'
import type { SignInService } from '../login/firebase.ts'
import type { ProfileChoice } from '../profiles/use-profile.ts'

const loginUsage = `forge login [--email ADDRESS] [--refresh-token] [--profile NAME]

Signs in to the profile's API as a user of its Firebase project. The password is asked for, without
showing it, or read from standard input; it is not kept. Kept is a refresh token, readable by you
alone, so that later commands need no token of yours; they renew the ID token by themselves.

  --email ADDRESS  whose account it is (else it is asked for)
  --refresh-token  asks for a refresh token instead of a password, for accounts without one
`

const logoutUsage = `forge logout [--profile NAME]

Forgets who is signed in by the profile: the tokens are removed from this machine.
`

const options = { email: { type: 'string' }, 'refresh-token': { type: 'boolean', default: false } } as const

export const login: Command = {
  words: ['login'],
  synopsis: 'login',
  summary: "sign in to a profile's API",
  usage: loginUsage,
  options,
  examples: [
    'forge login --email ana@example.com',
    'forge login --profile prod --email ana@example.com < password.txt',
  ],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, loginUsage)
    if (positionals.length > 0) throw new UsageError('A password is typed or piped in, never an argument.', loginUsage)
    const { name, profile } = await profileInEffect(values.local, loginUsage)
    const { apiUrl } = profile
    if (apiUrl === null)
      throw new UsageError(`The profile "${name}" names no API: forge profile add ${name} --api URL.`, loginUsage)
    const { signInService } = await import('../login/sign-in-service.ts')
    const { sessionOf, writeSession } = await import('../login/session.ts')
    const { createHttpClient } = await import('#shared/http/client.ts')
    const http = createHttpClient()
    try {
      const service = signInService(profile, http)
      const signedIn = values['refresh-token']
        ? await withRefreshToken(service, context)
        : await withPassword(service, values.email ?? null, context)
      const session = sessionOf(signedIn, {
        apiUrl,
        apiKey: service.apiKey,
        email: values.email ?? null,
        nowMs: Date.now(),
      })
      await writeSession(process.env, name, session)
      const who = session.email ?? session.uid
      context.output.result(
        { type: 'signed-in', profile: name, uid: session.uid, email: session.email },
        `Signed in to ${name} as ${who}.`,
      )
      return true
    } finally {
      http.close()
    }
  },
}

export const logout: Command = {
  words: ['logout'],
  synopsis: 'logout',
  summary: 'forget who is signed in by a profile',
  usage: logoutUsage,
  options: {},
  examples: ['forge logout', 'forge logout --profile prod'],
  async run(args, { output }) {
    const { values, positionals } = parseCall(args, {}, logoutUsage)
    if (positionals.length > 0) throw new UsageError('logout takes options only.', logoutUsage)
    const { name } = await profileInEffect(values.local, logoutUsage)
    const { removeSession } = await import('../login/session.ts')
    const wasThere = await removeSession(process.env, name)
    const text = wasThere ? `Signed out of ${name}.` : `Nobody was signed in to ${name}.`
    output.result({ type: 'signed-out', profile: name, wasSignedIn: wasThere }, text)
    return true
  },
}

/** The profile that runForge has chosen. @throws UsageError where there is none. */
async function profileInEffect(isLocal: boolean, usage: string): Promise<ProfileChoice> {
  if (isLocal) throw new UsageError('The local cloud needs no sign-in: its user is known there.', usage)
  const { chooseProfile } = await import('../profiles/use-profile.ts')
  const choice = await chooseProfile(process.env, null)
  if (choice !== null) return choice
  throw new UsageError('Make a profile first: forge profile add NAME --api URL --api-key KEY.', usage)
}

async function withRefreshToken(service: SignInService, context: CommandContext) {
  const { refreshSignIn } = await import('../login/firebase.ts')
  const refreshToken = await secret('Refresh token: ', context)
  if (refreshToken === '') throw new UsageError('No refresh token was given.', loginUsage)
  return await refreshSignIn(service, { refreshToken, signal: context.signal })
}

async function withPassword(service: SignInService, given: string | null, context: CommandContext) {
  const { signInWithPassword } = await import('../login/firebase.ts')
  const email = given ?? (await askForEmail(context))
  const password = await secret(`Password of ${email}: `, context)
  if (password === '') throw new UsageError('No password was given.', loginUsage)
  return await signInWithPassword(service, { email, password, signal: context.signal })
}

async function secret(question: string, { input = process.stdin, signal }: CommandContext): Promise<string> {
  const { readSecret } = await import('../login/read-secret.ts')
  return await readSecret({ input, output: process.stderr, question, signal })
}

/** @throws UsageError where nobody can be asked: standard input is the password then. */
async function askForEmail({ input = process.stdin, signal }: CommandContext): Promise<string> {
  if (!input.isTTY) throw new UsageError('Say whose password that is: --email ADDRESS.', loginUsage)
  const { askLine } = await import('../ask-line.ts')
  const question = 'E-mail address: '
  const asked = { input, output: process.stderr, question, otherwise: 'Nobody was signed in.', signal }
  return (await askLine(asked)).trim()
}
