import { types } from 'node:util'
import { ConfigError, TransientError } from '#shared/errors/app-error.ts'

/** A token in the name of whoever sits there; null where none is needed. @throws what the credentials throw. */
export async function googleAccessToken(): Promise<string | null> {
  const { GoogleAuth } = await import('google-auth-library')
  const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] })
  return (await auth.getAccessToken()) ?? null
}

/**
 * Makes sure that Google's clients will find credentials: Firestore's ends the whole process where there are none.
 * @throws ConfigError `forge.no-google-sign-in` where a person has to sign in; TransientError `forge.google-unreachable`.
 */
export async function requireGoogleSignIn(
  accessToken: () => Promise<string | null> = googleAccessToken,
): Promise<void> {
  try {
    await accessToken()
  } catch (cause) {
    const said = types.isNativeError(cause) ? cause.message : String(cause)
    const code = types.isNativeError(cause) && 'code' in cause ? String(cause.code) : ''
    if (unreachable.test(code) || unreachable.test(said)) {
      const message = 'Google Cloud is not reached, to sign in there; is this machine online?'
      throw new TransientError({ code: 'forge.google-unreachable', message, cause })
    }
    const why = noneFound.test(said)
      ? 'You are not signed in to Google Cloud'
      : `Your sign-in to Google Cloud is not good, or no longer (${said.split('\n')[0]?.slice(0, 200)})`
    const message = `${why}: "gcloud auth application-default login" mends it, "forge doctor" looks at the rest.`
    throw new ConfigError({ code: 'forge.no-google-sign-in', message, cause })
  }
}

const noneFound = /default credentials/
const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b/
