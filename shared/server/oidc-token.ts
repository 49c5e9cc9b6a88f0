import { createRemoteJWKSet, type JWTPayload } from 'jose'
import { checkScope, decodeToken, TokenRefused, verifySignature } from './signed-token.ts'

/** What a token must show to be accepted. */
export interface OidcRules {
  jwksUrl: string
  issuers: readonly string[]
  audiences: readonly string[]
  /** Accept a token whose signature Cloud Run's IAM has checked and then removed. */
  trustStrippedSignature: boolean
}

/** Cloud Run puts this in the place of the signature when it hands a checked token to the container. */
const STRIPPED_SIGNATURE = 'SIGNATURE_REMOVED_BY_GOOGLE'

/** Verifies OpenID Connect tokens of one set of rules; keeps the signing keys for ten minutes. */
export function createOidcVerifier(rules: OidcRules): (token: string, now: Date) => Promise<{ email: string }> {
  const keys = createRemoteJWKSet(new URL(rules.jwksUrl))
  return async (token, now) => {
    const isStripped = token.split('.')[2] === STRIPPED_SIGNATURE
    const claims = isStripped && rules.trustStrippedSignature ? decodeToken(token) : await verifySignature(token, keys)
    return checkClaims(claims, rules, now)
  }
}

function checkClaims(claims: JWTPayload, rules: OidcRules, now: Date): { email: string } {
  checkScope(claims, rules, now)
  // Google's rule: an address that its owner has not proven identifies nobody.
  if (typeof claims.email !== 'string' || claims.email_verified !== true)
    throw new TokenRefused('it proves no e-mail address')
  return { email: claims.email }
}
