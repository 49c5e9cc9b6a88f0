import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { type AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { jsonBody } from '#shared/http/request-body.ts'
import { retry } from '#shared/retry/retry.ts'
import { parseJson } from '../parse-json.ts'

/** What the API answers instead of what was asked for. */
const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
})

/** Somebody waits, and sees nothing of it: after this no further try begins, also if the API says when to come again. */
const TRIES_MS = 60_000

/** The HTTP API, in the name of one user. Answers are checked against a schema. */
export interface ApiClient {
  /** Asked again where an answer is lost. @throws AppError with the API's own code and sentence. */
  get<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>
  /** Asked again too: its idempotency key makes one request of all. @throws as `get`. */
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>
  /** Asked again too: the same change twice is one. @throws as `get`. */
  patch<T>(path: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>
  /** Asked again too; what an earlier try of this call has removed counts as removed. @throws as `get`. */
  delete(path: string, signal: AbortSignal): Promise<void>
  /** For what is not the API itself: uploads and pictures. */
  http: HttpClient
  /** It is on this machine: it may be asked often. */
  isLocal: boolean
  close(): void
}

export interface ApiClientOptions {
  /** Without a slash at its end. */
  baseUrl: string
  isLocal: boolean
  /** Asked for at each call: an ID token is good for an hour, a training may take longer. */
  token: () => Promise<string>
  http?: HttpClient
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { baseUrl, isLocal, token, http = createHttpClient() } = options

  async function call<T>(request: {
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
    path: string
    body?: unknown
    key?: string
    schema: z.ZodType<T>
    signal: AbortSignal
  }): Promise<T> {
    const { method, path, body, key, schema, signal } = request
    try {
      const response = await http.request({
        url: `${baseUrl}${path}`,
        method,
        headers: {
          authorization: `Bearer ${await orAborted(token(), signal)}`,
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        signal,
        ...(body === undefined ? {} : { body: jsonBody(body) }),
      })
      return readAnswer(await response.json(), schema, path)
    } catch (error) {
      signal.throwIfAborted()
      throw apiError(error, { baseUrl, isLocal })
    }
  }
  const repeat = <T>(work: () => Promise<T>, signal: AbortSignal) =>
    retry(work, { signal, deadlineAtMs: Date.now() + TRIES_MS })
  return {
    get: (path, schema, signal) => repeat(() => call({ method: 'GET', path, schema, signal }), signal),
    post(path, body, schema, signal) {
      const key = randomUUID()
      return repeat(() => call({ method: 'POST', path, body, key, schema, signal }), signal)
    },
    patch: (path, body, schema, signal) => repeat(() => call({ method: 'PATCH', path, body, schema, signal }), signal),
    async delete(path, signal) {
      let mayBeGone = false
      const remove = async () => {
        try {
          await call({ method: 'DELETE', path, schema: z.unknown(), signal })
        } catch (error) {
          if (mayBeGone && error instanceof FinalError && error.facts.status === 404) return
          mayBeGone = true
          throw error
        }
      }
      await repeat(remove, signal)
    },
    http,
    isLocal,
    close: () => http.close(),
  }
}

/** Another token may have to be fetched, from a server that does not answer. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function readAnswer<T>(json: unknown, schema: z.ZodType<T>, path: string): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new FinalError({
    code: 'forge.bad-answer',
    message: `The API's answer to ${path} is not what this forge understands. Are both of one version?`,
    facts: { reason: z.prettifyError(parsed.error) },
  })
}

/** The API's own code and sentence, where it gave one. */
function apiError(error: unknown, { baseUrl, isLocal }: Pick<ApiClientOptions, 'baseUrl' | 'isLocal'>): unknown {
  if (!isHttpError(error)) return error
  const { status, answer, code: httpCode } = error
  const said = errorAnswer.safeParse(parseJson(answer?.bodyText ?? ''))
  if (said.success) {
    const { code, message, details } = said.data.error
    const isNews = details !== undefined && details !== null && !isSaidBy(message, details)
    return refusalOf(
      { code, message, facts: { status, ...(isNews ? { reason: JSON.stringify(details) } : {}) } },
      error,
    )
  }
  const { host } = new URL(baseUrl)
  // What will never do (a certificate, a redirect) has its own sentence.
  if (error.delivery === 'not-sent' && error.retryable) {
    const mend = isLocal ? '`npm run dev` starts the local cloud.' : 'Is its address right, and this machine online?'
    const message = `Nothing answers at ${host} (${namedBy}). ${mend}`
    return new FinalError({ code: 'forge.nobody-there', message, cause: error })
  }
  // A gateway's page is a passing one only where its status says so. Any other is somebody else's: a site, a proxy.
  const isStranger = httpCode === 'http.bad-json' || (httpCode === 'http.status' && !error.retryable)
  if (!isStranger) return error
  const message = `What answers at ${host} (${status}) is not the API: is its address right (${namedBy})?`
  return new FinalError({ code: 'forge.not-the-api', message, cause: error })
}

const problems = z.array(z.object({ message: z.string() }))

/** The sentence tells what is wrong with a request by itself. */
function isSaidBy(message: string, details: unknown): boolean {
  const parsed = problems.safeParse(details)
  return parsed.success && parsed.data.every((problem) => message.includes(problem.message))
}

/** What says where the API is. */
const namedBy = '--api, FORGE_API_URL, forge profile'

function refusalOf(init: { code: string; message: string; facts: Record<string, unknown> }, cause: AppError): AppError {
  // 429 says when it may be asked again, which can be tomorrow: for a person to read, not for a program to wait for.
  const isPassing = cause.retryable && init.facts.status !== 429
  return isPassing ? new TransientError({ ...init, cause }) : new FinalError({ ...init, cause })
}
