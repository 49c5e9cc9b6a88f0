import { rm } from 'node:fs/promises'
import * as z from 'zod'
import { ConfigError } from '#shared/errors/app-error.ts'
import { configFile, configFolder, readJson, writePrivateJson } from '../profiles/config-folder.ts'
import { refreshSignIn, type SignedIn, type SignInService } from './firebase.ts'

const sessionSchema = z.object({
  /** The profile's when it was made: a token must not go to another API, nor to another project's sign-in. */
  apiUrl: z.string(),
  apiKey: z.string(),
  uid: z.string(),
  email: z.string().nullable(),
  idToken: z.string(),
  refreshToken: z.string(),
  /** Of the ID token, by this machine's clock. */
  expiresAt: z.iso.datetime().transform((text) => new Date(text)),
})

/** Who is signed in by a profile. */
export type Session = z.output<typeof sessionSchema>

type Env = Readonly<Record<string, string | undefined>>

function sessionFile(env: Env, profileName: string): string {
  return configFile(env, 'sign-ins', `${profileName}.json`)
}

/** Null where nobody is signed in: what is no session (a file that was cut, say) is mended by signing in again. */
export async function readSession(env: Env, profileName: string): Promise<Session | null> {
  if (configFolder(env) === null) return null
  const json = await readJson(sessionFile(env, profileName)).catch((error: unknown) => {
    if (error instanceof ConfigError) return null
    throw error
  })
  const parsed = sessionSchema.safeParse(json)
  return parsed.success ? parsed.data : null
}

/** Readable by its owner alone. */
export async function writeSession(env: Env, profileName: string, session: Session): Promise<void> {
  await writePrivateJson(sessionFile(env, profileName), session)
}

/** The tokens are gone from this machine. False where there were none. */
export async function removeSession(env: Env, profileName: string): Promise<boolean> {
  const wasThere = (await readSession(env, profileName)) !== null
  if (configFolder(env) !== null) await rm(sessionFile(env, profileName), { force: true })
  return wasThere
}

/** What is kept of a sign-in. */
export function sessionOf(
  signedIn: SignedIn,
  profile: { apiUrl: string; apiKey: string; email: string | null; nowMs: number },
): Session {
  const { apiUrl, apiKey, nowMs } = profile
  const { uid, idToken, refreshToken, lifetimeMs } = signedIn
  const expiresAt = new Date(nowMs + lifetimeMs)
  return { apiUrl, apiKey, uid, email: signedIn.email ?? profile.email, idToken, refreshToken, expiresAt }
}

/** A request may wait in a queue before its token is looked at. Firebase's own clients keep to the same five minutes. */
const refreshBeforeMs = 5 * 60_000

/** Hands out the session's ID token, and gets and keeps another one shortly before it runs out. */
export function sessionTokens(params: {
  env: Env
  profileName: string
  session: Session
  service: SignInService
  now?: () => number
}): () => Promise<string> {
  const { env, profileName, service, now = Date.now } = params
  let { session } = params
  let refreshing: Promise<string> | null = null

  async function refresh(): Promise<string> {
    const signedIn = await refreshSignIn(service, { refreshToken: session.refreshToken })
    session = sessionOf(signedIn, { ...session, nowMs: now() })
    await writeSession(env, profileName, session)
    return session.idToken
  }
  return async () => {
    if (session.expiresAt.getTime() - now() > refreshBeforeMs) return session.idToken
    // Several requests at once need one new token.
    refreshing ??= refresh().finally(() => {
      refreshing = null
    })
    return await refreshing
  }
}
