import type { AddressGuard } from './address-guard.ts'
import { openConnections } from './connections.ts'
import { type ExchangeAnswer, ExchangeProgress, exchange, type Hop } from './exchange.ts'
import { HttpFinalError } from './http-error.ts'
import { type HttpTimeouts, Lifeline } from './lifeline.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { isRedirect, nextHop } from './redirects.ts'
import { bodyHeaders, type RequestBody } from './request-body.ts'
import { createResponse, type HttpResponse } from './response.ts'
import { parseRetryAfter } from './retry-after.ts'
import { statusError, translateFailure } from './translate-failure.ts'

/** Sane for JSON calls. Whoever waits for a picture or a model says so. */
const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 10_000, headersMs: 30_000, stallMs: 30_000, totalMs: 60_000 }
/** JSON and pictures fit; what is larger is streamed under a limit of its own. */
const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
/** How much of a refusal's body its translator gets to see. */
const ERROR_BODY_BYTES = 64 * 1024
/** Our sources need two or three (rename, resolve, storage). */
const DEFAULT_MAX_REDIRECTS = 5
/** May be sent twice without harm (RFC 9110 §9.2.2), so they may also use a kept socket. */
const IDEMPOTENT_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

export interface HttpRequest {
  url: string | URL
  /** Default GET. */
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: RequestBody
  /** Its reason is thrown as it is when it aborts. */
  signal?: AbortSignal
  timeouts?: Partial<HttpTimeouts>
  /** `http.too-large` beyond it. */
  maxBodyBytes?: number
  /** Default follow. `manual` returns the 3xx answer with its Location. */
  redirect?: 'follow' | 'manual'
  maxRedirects?: number
  /** Default 2xx (and 3xx with `manual`). Others throw `http.status`. */
  acceptStatus?: (status: number) => boolean
}

export interface HttpClientOptions {
  /** With a guard every URL, hop and socket is checked; URLs from people need it. */
  guard?: AddressGuard
  limiter?: RateLimiter
  /** Plain, without the word Mozilla: some sources answer browsers with login pages. */
  userAgent?: string
  timeouts?: Partial<HttpTimeouts>
  now?: () => number
}

export interface HttpClient {
  /**
   * Sends one request, once: retries are the caller's (`retry`). Throws typed `http.…` errors (`isHttpError`), the guard's
   * `guard.…`, or the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Closes idle and running connections. */
  close(): void
}

/** Makes a client with connection pools of its own. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { guard = null, limiter, userAgent = 'charaforge-backend', now = Date.now } = options
  const connections = openConnections(guard)

  async function send(request: HttpRequest, lifeline: Lifeline, track: (progress: ExchangeProgress) => void) {
    let hop = firstHop(request, userAgent, guard)
    for (let redirects = 0; ; redirects++) {
      const progress = new ExchangeProgress(hop.url.host)
      track(progress)
      await limiter?.acquire(hop.url.host, lifeline.signal)
      // A server may answer before it has read a body, and such a socket can't be kept.
      const reuse = IDEMPOTENT_METHODS.has(hop.method) && hop.body === null
      const agent = connections.agentFor(hop.url, reuse)
      const answer = await exchange({ hop, agent, lifeline, progress })
      if (request.redirect === 'manual' || !isRedirect(answer)) return { answer, url: hop.url, progress }
      answer.message.destroy()
      if (redirects >= (request.maxRedirects ?? DEFAULT_MAX_REDIRECTS)) throw tooManyRedirects(progress)
      hop = nextHop(hop, answer, progress)
      guard?.checkUrl(hop.url)
    }
  }

  async function request(request: HttpRequest): Promise<HttpResponse> {
    let progress = new ExchangeProgress('(no host yet)')
    const track = (next: ExchangeProgress): void => {
      progress = next
    }
    const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts, ...request.timeouts }
    const lifeline = new Lifeline({ timeouts, signal: request.signal, position: () => progress.position })
    try {
      const { answer, url } = await send(request, lifeline, track)
      const maxBodyBytes = request.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
      if (isAccepted(answer, request)) {
        checkEncoding(answer, progress)
        return createResponse({ answer, url, lifeline, progress, maxBodyBytes })
      }
      throw await refusalOf(answer, url, lifeline, progress)
    } catch (error) {
      lifeline.end()
      request.signal?.throwIfAborted()
      throw translateFailure(error, progress.position)
    }
  }

  async function refusalOf(answer: ExchangeAnswer, url: URL, lifeline: Lifeline, progress: ExchangeProgress) {
    const { status, headers } = answer
    const retryAt = parseRetryAfter(headers['retry-after'], now())
    if (retryAt !== null && (status === 429 || status === 503)) limiter?.holdUntil(url.host, retryAt.getTime())
    const bodyText = await readStart(answer, url, lifeline, progress)
    return statusError({ status, headers, bodyText }, progress.position, now())
  }

  return { request, close: () => connections.close() }
}

function firstHop(request: HttpRequest, userAgent: string, guard: AddressGuard | null): Hop {
  const url = guard === null ? URL.parse(String(request.url)) : guard.checkUrl(request.url)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    const message = 'The request has no usable http(s) URL (a password in it is not usable).'
    throw new HttpFinalError({ code: 'http.bad-url', message, host: url?.host ?? '', delivery: 'not-sent' })
  }
  const body = request.body ?? null
  const own = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  // Identity: a body is hashed, measured and cut by ranges as it is stored, not as some proxy packed it.
  const defaults = { 'user-agent': userAgent, 'accept-encoding': 'identity' }
  const method = (request.method ?? 'GET').toUpperCase()
  const empty = body === null && /^(POST|PUT|PATCH)$/.test(method) ? { 'content-length': '0' } : {}
  return { method, url, headers: { ...defaults, ...empty, ...bodyHeaders(body), ...Object.fromEntries(own) }, body }
}

function isAccepted(answer: ExchangeAnswer, request: HttpRequest): boolean {
  if (request.acceptStatus !== undefined) return request.acceptStatus(answer.status)
  if (request.redirect === 'manual' && answer.status >= 300 && answer.status < 400) return true
  return answer.status >= 200 && answer.status < 300
}

/** We asked for plain bytes; taking packed ones for them would store rubbish. */
function checkEncoding(answer: ExchangeAnswer, progress: ExchangeProgress): void {
  const encoding = answer.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  answer.message.destroy()
  const message = `${progress.host} sent a packed body (${encoding.slice(0, 40)}) that nobody asked for.`
  throw new HttpFinalError({ code: 'http.encoding', message, ...progress.position })
}

/** The beginning of a refusal's body. A refusal stays one even if its body is cut, endless or slow. */
async function readStart(answer: ExchangeAnswer, url: URL, lifeline: Lifeline, progress: ExchangeProgress) {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  const response = createResponse({ answer, url, lifeline, progress, maxBodyBytes: Number.POSITIVE_INFINITY })
  try {
    for await (const chunk of response.body()) {
      chunks.push(chunk)
      sizeBytes += chunk.byteLength
      if (sizeBytes >= ERROR_BODY_BYTES) break
    }
  } catch {
    // The status is the news.
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BODY_BYTES).toString('utf8')
}

function tooManyRedirects(progress: ExchangeProgress): HttpFinalError {
  const message = `${progress.host} redirects too many times.`
  return new HttpFinalError({ code: 'http.redirect', message, ...progress.position })
}
