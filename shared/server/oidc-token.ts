import { compactVerify, createRemoteJWKSet, decodeJwt, errors, type JWTPayload } from 'jose'
import { TransientError } from '#shared/errors/app-error.ts'

/** What a token must show to be accepted. */
export interface OidcRules {
  jwksUrl: string
  issuers: readonly string[]
  audiences: readonly string[]
  /** Accept a token whose signature Cloud Run's IAM has checked and then removed. */
  trustStrippedSignature: boolean
}

/** Why a token was refused, for the operator's log. */
export class TokenRefused extends Error {}

/** Differences between our clock and Google's. */
const CLOCK_TOLERANCE_S = 30
/** Cloud Run puts this in the place of the signature when it hands a checked token to the container. */
const STRIPPED_SIGNATURE = 'SIGNATURE_REMOVED_BY_GOOGLE'

/** Verifies OpenID Connect tokens of one set of rules; keeps the signing keys for ten minutes. */
export function createOidcVerifier(rules: OidcRules): (token: string, now: Date) => Promise<{ email: string }> {
  const keys = createRemoteJWKSet(new URL(rules.jwksUrl))
  return async (token, now) => {
    const isStripped = token.split('.')[2] === STRIPPED_SIGNATURE
    const claims = isStripped && rules.trustStrippedSignature ? decode(token) : await verified(token, keys)
    return checkClaims(claims, rules, now)
  }
}

async function verified(token: string, keys: ReturnType<typeof createRemoteJWKSet>): Promise<JWTPayload> {
  try {
    // Google signs with RS256; naming it keeps a token from choosing `none` or a symmetric algorithm.
    await compactVerify(token, keys, { algorithms: ['RS256'] })
  } catch (error) {
    if (isTokensFault(error)) throw new TokenRefused(`the signature is not good (${error.code})`)
    throw new TransientError({
      code: 'internal-caller.keys-unavailable',
      message: 'The keys that sign internal calls cannot be fetched at the moment.',
      cause: error,
    })
  }
  return decode(token)
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

function decode(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw new TokenRefused('it is no JWT')
  }
}

function checkClaims(claims: JWTPayload, rules: OidcRules, now: Date): { email: string } {
  const nowS = now.getTime() / 1000
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (!rules.issuers.includes(claims.iss ?? '')) throw new TokenRefused(`its issuer is ${String(claims.iss)}`)
  if (!audiences.some((audience) => rules.audiences.includes(audience ?? ''))) {
    throw new TokenRefused(`its audience is ${audiences.join(', ')}`)
  }
  if (typeof claims.exp !== 'number' || claims.exp + CLOCK_TOLERANCE_S <= nowS) throw new TokenRefused('it has expired')
  const notBefore = typeof claims.nbf === 'number' ? claims.nbf : claims.iat
  if (typeof notBefore === 'number' && notBefore - CLOCK_TOLERANCE_S > nowS)
    throw new TokenRefused('it is from the future')
  // Google's rule: an address that its owner has not proven identifies nobody.
  if (typeof claims.email !== 'string' || claims.email_verified !== true)
    throw new TokenRefused('it proves no e-mail address')
  return { email: claims.email }
}
