import type { ExchangeAnswer, ExchangeProgress, Hop } from './exchange.ts'
import { HttpFinalError } from './http-error.ts'
import { bodyHeaders } from './request-body.ts'

/**
 * What may follow a redirect to another origin. A list of the harmless, not of the secret: tokens travel under many names
 * (Authorization, Cookie, x-api-key, …), and storage behind signed URLs refuses a second kind of authentication.
 */
const HARMLESS_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
  'user-agent',
])

/** Whether an answer sends us elsewhere. 300 and 304 don't. */
export function isRedirect(answer: ExchangeAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(answer.status) && answer.headers.location !== undefined
}

/** The request that a redirect asks for (RFC 9110 §15.4). Throws `http.redirect` where following it would be wrong. */
export function nextHop(hop: Hop, answer: ExchangeAnswer, progress: ExchangeProgress): Hop {
  const refuse = (what: string): HttpFinalError =>
    new HttpFinalError({ code: 'http.redirect', message: `${progress.host} redirects ${what}.`, ...progress.position })
  // Location may be relative to the URL that was asked.
  const url = URL.parse(answer.headers.location ?? '', hop.url.href)
  if (url === null) throw refuse('to something that is not a URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse(`to a ${url.protocol} URL`)
  if (url.protocol === 'http:' && hop.url.protocol === 'https:') throw refuse('from https to http')
  if (url.username !== '' || url.password !== '') throw refuse('to a URL with a password in it')

  const sameOrigin = url.origin === hop.url.origin
  const becomesGet = answer.status === 303 ? hop.method !== 'HEAD' : answer.status < 303 && hop.method === 'POST'
  const body = becomesGet ? null : hop.body
  if (body !== null && !sameOrigin) throw refuse('a request with a body to another origin')
  if (body?.kind === 'stream') throw refuse('a request whose body can be sent only once')

  const kept = Object.entries(hop.headers).filter(([name]) => sameOrigin || HARMLESS_HEADERS.has(name))
  const headers = Object.fromEntries(kept)
  if (becomesGet) {
    for (const name of Object.keys(bodyHeaders(hop.body))) delete headers[name]
  }
  return { method: becomesGet ? 'GET' : hop.method, url, headers, body }
}
