import type { Request, Response } from 'express'
import type { Config } from '#shared/config/environment.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import type { User } from '#shared/server/firebase-user.ts'

type AuthConfig = Pick<
  Config<'api'>,
  'FIREBASE_PROJECT_ID' | 'FIREBASE_JWKS_URL' | 'ADMIN_UIDS' | 'FIRESTORE_EMULATOR_HOST' | 'K_REVISION'
>

/** Who sends a request. @throws CallerError 401; TransientError when the keys cannot be fetched. */
export type Authenticate = (request: Request, response: Response) => Promise<User>

type Verify = (token: string, now: Date) => Promise<User>

const realm = 'Bearer realm="charaforge"'

/** Lets users in by their Firebase ID token; jose is loaded for the first of them, it has no part in a cold start. */
export function createAuthenticate(config: AuthConfig, now: () => Date): Authenticate {
  let verifier: Verify | null = null
  const load = async (): Promise<Verify> => {
    const { createFirebaseVerifier } = await import('#shared/server/firebase-user.ts')
    verifier ??= createFirebaseVerifier({
      projectId: config.FIREBASE_PROJECT_ID,
      jwksUrl: config.FIREBASE_JWKS_URL,
      adminUids: config.ADMIN_UIDS,
      acceptUnsigned: isLocalStack(config),
    })
    return verifier
  }
  return async (request, response) => {
    const authorization = request.get('authorization')
    if (authorization === undefined) {
      throw refuse(response, { code: 'auth.missing', challenge: realm, reason: 'there is no Authorization header' })
    }
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) throw refuse(response, invalid('it is no bearer token'))
    const [verify, { TokenRefused }] = await Promise.all([load(), import('#shared/server/signed-token.ts')])
    try {
      return await verify(token, now())
    } catch (error) {
      throw error instanceof TokenRefused ? refuse(response, invalid(error.message)) : error
    }
  }
}

/**
 * Whether the documents are on this machine and the process is not on Cloud Run: only there the Auth emulator's unsigned
 * tokens are good. Both are asked, so that no single variable set by mistake opens a deployed service.
 */
function isLocalStack(config: AuthConfig): boolean {
  return config.FIRESTORE_EMULATOR_HOST !== null && config.K_REVISION === null
}

interface Refusal {
  code: 'auth.missing' | 'auth.invalid'
  challenge: string
  /** For the operator's log. */
  reason: string
}

function invalid(reason: string): Refusal {
  return { code: 'auth.invalid', challenge: `${realm}, error="invalid_token"`, reason }
}

/** RFC 6750 §3: a 401 says what it wants; the reason stays in our log, since it helps nobody but a forger. */
function refuse(response: Response, { code, challenge, reason }: Refusal): CallerError {
  response.setHeader('www-authenticate', challenge)
  const message =
    code === 'auth.missing'
      ? 'Sign in first: send a Firebase ID token as "Authorization: Bearer …".'
      : 'The ID token is not valid, or no longer; sign in again.'
  return new CallerError({ status: 401, code, message, facts: { reason } })
}
