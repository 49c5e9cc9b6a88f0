import type { RequestHandler } from 'express'
import type { Config } from '#shared/config/environment.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import type { OidcRules } from './oidc-token.ts'
import { contextOf } from './request-context.ts'

export type InternalCallerConfig = Pick<
  Config,
  | 'INTERNAL_INVOKERS'
  | 'INTERNAL_AUDIENCES'
  | 'OIDC_JWKS_URL'
  | 'OIDC_ISSUERS'
  | 'TRUST_STRIPPED_SIGNATURE'
  | 'FIRESTORE_EMULATOR_HOST'
>

type Verify = (token: string, now: Date) => Promise<{ email: string }>

/**
 * Middleware for `/internal/*`: lets Cloud Tasks and Cloud Scheduler in by the OIDC token of an account in
 * INTERNAL_INVOKERS. Checked here too, since some services are public. Without invokers nobody gets in, except on a
 * laptop (FIRESTORE_EMULATOR_HOST), where nobody makes tokens.
 */
export function requireInternalCaller(config: InternalCallerConfig, now = () => new Date()): RequestHandler {
  if (config.INTERNAL_INVOKERS.length === 0) {
    const isLaptop = config.FIRESTORE_EMULATOR_HOST !== null
    return (_request, _response, next) => {
      if (!isLaptop) throw forbidden()
      next()
    }
  }
  const verify = lazyVerifier({
    jwksUrl: config.OIDC_JWKS_URL,
    issuers: config.OIDC_ISSUERS,
    audiences: config.INTERNAL_AUDIENCES,
    trustStrippedSignature: config.TRUST_STRIPPED_SIGNATURE,
  })
  return async (request, _response, next) => {
    const email = await callerOf(request.get('authorization'), verify, now())
    if (!config.INTERNAL_INVOKERS.includes(email)) {
      contextOf(request).logger.warn('An account that is not in INTERNAL_INVOKERS called an internal path.', { email })
      throw forbidden()
    }
    next()
  }
}

async function callerOf(authorization: string | undefined, verify: Verify, now: Date): Promise<string> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw unauthenticated('there is no bearer token')
  const { TokenRefused } = await import('./signed-token.ts')
  try {
    return (await verify(token, now)).email
  } catch (error) {
    throw error instanceof TokenRefused ? unauthenticated(error.message) : error
  }
}

/** jose is only loaded when the first internal call comes: it has no part in a cold start. */
function oidc() {
  return import('./oidc-token.ts')
}

function lazyVerifier(rules: OidcRules): Verify {
  let verifier: Verify | null = null
  return async (token, now) => {
    verifier ??= (await oidc()).createOidcVerifier(rules)
    return verifier(token, now)
  }
}

function unauthenticated(reason: string): CallerError {
  return new CallerError({
    status: 401,
    code: 'internal-caller.unauthenticated',
    message: 'This path takes calls with a valid OIDC token only.',
    facts: { reason },
  })
}

function forbidden(): CallerError {
  return new CallerError({
    status: 403,
    code: 'internal-caller.forbidden',
    message: 'This path is only for the accounts in INTERNAL_INVOKERS.',
  })
}
