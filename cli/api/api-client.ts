import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { type AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { jsonBody } from '#shared/http/request-body.ts'
import { retry } from '#shared/retry/retry.ts'

/** What the API answers instead of what was asked for. */
const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
})

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
          authorization: `Bearer ${await token()}`,
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        signal,
        ...(body === undefined ? {} : { body: jsonBody(body) }),
      })
      return readAnswer(await response.json(), schema, path)
    } catch (error) {
      signal.throwIfAborted()
      throw apiError(error, baseUrl)
    }
  }
  return {
    get: (path, schema, signal) => retry(() => call({ method: 'GET', path, schema, signal }), { signal }),
    post(path, body, schema, signal) {
      const key = randomUUID()
      return retry(() => call({ method: 'POST', path, body, key, schema, signal }), { signal })
    },
    patch: (path, body, schema, signal) =>
      retry(() => call({ method: 'PATCH', path, body, schema, signal }), { signal }),
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
      await retry(remove, { signal })
    },
    http,
    isLocal,
    close: () => http.close(),
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
function apiError(error: unknown, baseUrl: string): unknown {
  if (!isHttpError(error)) return error
  const { status, answer } = error
  const said = errorAnswer.safeParse(parseJson(answer?.bodyText ?? ''))
  if (said.success) {
    const { code, message, details } = said.data.error
    const reason = details === undefined || details === null ? undefined : JSON.stringify(details)
    return refusalOf({ code, message, facts: { status, ...(reason === undefined ? {} : { reason }) } }, error)
  }
  if (error.delivery !== 'not-sent') return error
  return new FinalError({
    code: 'forge.nobody-there',
    message: `Nothing answers at ${new URL(baseUrl).host} (--api, FORGE_API_URL). \`npm run dev\` starts the local cloud.`,
    cause: error,
  })
}

function refusalOf(init: { code: string; message: string; facts: Record<string, unknown> }, cause: AppError): AppError {
  // 429 says when it may be asked again, which can be tomorrow: for a person to read, not for a program to wait for.
  const isPassing = cause.retryable && init.facts.status !== 429
  return isPassing ? new TransientError({ ...init, cause }) : new FinalError({ ...init, cause })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
