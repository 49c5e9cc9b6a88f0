import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload } from 'jose'
import { checkScope, decodeToken, isAfter, TokenRefused, verifySignature } from './signed-token.ts'

/** Who an app's user is, as their ID token proves it. */
export interface User {
  uid: string
  /** Null where the token proves none. */
  email: string | null
  /** By the token's `operator` claim, which only the project's own servers can set, or by ADMIN_UIDS. Never by a document. */
  isOperator: boolean
}

/** What a Firebase ID token must show to be accepted. */
export interface FirebaseRules {
  projectId: string
  jwksUrl: string
  adminUids: readonly string[]
  /** Takes the unsigned tokens of Firebase's Auth emulator: in the local stack only. */
  acceptUnsigned: boolean
}

/** Firebase's own keys, as a JWK set. */
export const FIREBASE_JWKS_URL =
  'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com'
const MAX_UID_LENGTH = 128

/**
 * Verifies Firebase ID tokens by Firebase's rules for third-party libraries: RS256 by a key of its set, issuer and audience
 * of this project, in force, signed in before now, a subject. Keeps the keys for ten minutes. The verifier throws
 * TokenRefused, or TransientError `token.keys-unavailable`.
 */
export function createFirebaseVerifier(rules: FirebaseRules): (token: string, now: Date) => Promise<User> {
  const keys = createRemoteJWKSet(new URL(rules.jwksUrl))
  const scope = {
    issuers: [`https://securetoken.google.com/${rules.projectId}`],
    audiences: [rules.projectId],
  }
  return async (token, now) => {
    const isTrusted = rules.acceptUnsigned && isUnsigned(token)
    const claims = isTrusted ? decodeToken(token) : await verifySignature(token, keys)
    checkScope(claims, scope, now)
    if (typeof claims.auth_time !== 'number' || isAfter(claims.auth_time, now)) {
      throw new TokenRefused('it does not say when its user signed in')
    }
    return userOf(claims, rules.adminUids)
  }
}

/** As the Auth emulator makes them: `alg: none` and nothing behind the second dot. */
function isUnsigned(token: string): boolean {
  if (!/^[^.]+\.[^.]+\.$/.test(token)) return false
  try {
    return decodeProtectedHeader(token).alg === 'none'
  } catch {
    return false
  }
}

function userOf(claims: JWTPayload, adminUids: readonly string[]): User {
  const { sub: uid, email } = claims
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_LENGTH) throw new TokenRefused('it names no user')
  const isProven = typeof email === 'string' && claims.email_verified === true
  return { uid, email: isProven ? email : null, isOperator: claims.operator === true || adminUids.includes(uid) }
}
