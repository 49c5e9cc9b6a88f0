import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * On every answer. It is data of one user and no page: nothing may keep it, frame it or run it.
 * HTTPS is all that Cloud Run speaks; browsers are told to remember it.
 */
const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
}

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
}

const ALLOWED_METHODS = 'GET, POST, PATCH, DELETE'
const ALLOWED_HEADERS = 'authorization, content-type, idempotency-key'
/** What a page may read of an answer beside its body. */
const EXPOSED_HEADERS = 'retry-after, x-request-id'
/** Chromium's own limit; others cap it themselves. */
const PREFLIGHT_MAX_AGE_S = '7200'

/**
 * Lets pages of `origins` call the API (Fetch standard, CORS protocol). Bearer tokens are no credentials in its sense, so
 * cookies are never allowed. Returns whether the request was a preflight, which is answered then.
 */
export function answerCors(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  // Also without an Origin: a cache must not give that answer to a page.
  response.setHeader('vary', 'Origin')
  const { origin } = request.headers
  const isAllowed = origin !== undefined && origins.includes(origin)
  if (isAllowed) {
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-expose-headers', EXPOSED_HEADERS)
  }
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isPreflight) return false
  if (isAllowed) {
    response.setHeader('access-control-allow-methods', ALLOWED_METHODS)
    response.setHeader('access-control-allow-headers', ALLOWED_HEADERS)
    response.setHeader('access-control-max-age', PREFLIGHT_MAX_AGE_S)
  }
  response.writeHead(204).end()
  return true
}
