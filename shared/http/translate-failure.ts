import { AppError } from '../errors/app-error.ts'
import { type Delivery, type HttpAnswer, type HttpError, HttpFinalError, HttpTransientError } from './http-error.ts'
import { parseRetryAfter } from './retry-after.ts'

/** Where an exchange stands when it fails. */
export interface ExchangePosition {
  host: string
  delivery: Delivery
  status: number | null
  requestId: string | null
}

/**
 * 408, 425, 429 and the 5xx of proxies and Cloudflare (520–527) pass; 501 and 505 say that the request itself will never be
 * understood.
 */
function isPassingStatus(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true
  return status >= 500 && status !== 501 && status !== 505
}

/** An answer with a status that the caller did not accept. */
export function statusError(answer: HttpAnswer, position: ExchangePosition, nowMs: number): HttpError {
  const init = {
    code: 'http.status' as const,
    message: `${position.host} answered with status ${answer.status}.`,
    ...position,
    answer,
  }
  if (!isPassingStatus(answer.status)) return new HttpFinalError(init)
  return new HttpTransientError({ ...init, retryAt: parseRetryAfter(answer.headers['retry-after'], nowMs) })
}

/** The one place that turns what Node throws while a request runs into our errors. */
export function translateFailure(error: unknown, position: ExchangePosition): Error {
  if (error instanceof AppError) return error
  const { host } = position
  const cause = error
  const nodeCode = nodeErrorCode(error)
  const facts = { nodeCode }
  if (CERTIFICATE_CODE.test(nodeCode)) {
    const message = `The certificate of ${host} was not accepted (${nodeCode}).`
    return new HttpFinalError({ code: 'http.tls', message, ...position, facts, cause })
  }
  if (position.delivery === 'not-sent') {
    const message = `No connection to ${host} could be opened (${nodeCode}).`
    return new HttpTransientError({ code: 'http.connect', message, ...position, facts, cause })
  }
  if (nodeCode.startsWith('HPE_')) {
    const message = `${host} sent something that is not HTTP (${nodeCode}).`
    return new HttpTransientError({ code: 'http.protocol', message, ...position, facts, cause })
  }
  if (position.delivery === 'answered') {
    const message = `The answer of ${host} broke off before its end (${nodeCode}).`
    return new HttpTransientError({ code: 'http.truncated', message, ...position, facts, cause })
  }
  const message = `The connection to ${host} was lost before an answer came (${nodeCode}).`
  return new HttpTransientError({ code: 'http.reset', message, ...position, facts, cause })
}

/** By shape: errors of Node's core are not `instanceof Error` where code runs in a context of its own. */
function nodeErrorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'name' in error && typeof error.name === 'string' ? error.name : 'unknown'
}

/** OpenSSL's verification results have no common prefix; these are the ones that Node passes on for a refused certificate. */
const CERTIFICATE_CODE = /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/
