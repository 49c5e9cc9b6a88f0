import { compactVerify, type createRemoteJWKSet, decodeJwt, errors, type JWTPayload } from 'jose'
import { TransientError } from '#shared/errors/app-error.ts'

/** Why a token was refused, for the operator's log. */
export class TokenRefused extends Error {}

/** Differences between our clock and the issuer's. */
const CLOCK_TOLERANCE_S = 30

/**
 * The claims of a token whose signature is good. They are not judged yet.
 * @throws TokenRefused; TransientError `token.keys-unavailable` when nobody can judge it at the moment.
 */
export async function verifySignature(token: string, keys: ReturnType<typeof createRemoteJWKSet>): Promise<JWTPayload> {
  try {
    // Google signs with RS256; naming it keeps a token from choosing `none` or a symmetric algorithm.
    await compactVerify(token, keys, { algorithms: ['RS256'] })
  } catch (error) {
    if (isTokensFault(error)) throw new TokenRefused(`the signature is not good (${error.code})`)
    throw new TransientError({
      code: 'token.keys-unavailable',
      message: 'The keys that tokens are checked with cannot be fetched at the moment.',
      cause: error,
    })
  }
  return decodeToken(token)
}

function isTokensFault(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported
  )
}

/** What a token says, believed by nobody yet. @throws TokenRefused */
export function decodeToken(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw new TokenRefused('it is no JWT')
  }
}

/** Judges who made the token, for whom, and when. @throws TokenRefused */
export function checkScope(
  claims: JWTPayload,
  rules: { issuers: readonly string[]; audiences: readonly string[] },
  now: Date,
): void {
  const nowS = now.getTime() / 1000
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (!rules.issuers.includes(claims.iss ?? '')) throw new TokenRefused(`its issuer is ${String(claims.iss)}`)
  if (!audiences.some((audience) => rules.audiences.includes(audience ?? ''))) {
    throw new TokenRefused(`its audience is ${audiences.join(', ')}`)
  }
  if (typeof claims.exp !== 'number' || claims.exp + CLOCK_TOLERANCE_S <= nowS) throw new TokenRefused('it has expired')
  const notBefore = typeof claims.nbf === 'number' ? claims.nbf : claims.iat
  if (isAfter(notBefore, now)) throw new TokenRefused('it is from the future')
}

/** Whether a claim is a time (Unix seconds) that is still to come. */
export function isAfter(claim: unknown, now: Date): boolean {
  return typeof claim === 'number' && claim - CLOCK_TOLERANCE_S > now.getTime() / 1000
}
