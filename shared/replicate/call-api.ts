import type { z } from 'zod'
import type { HttpClient } from '../http/client.ts'
import type { HttpTimeouts } from '../http/lifeline.ts'
import type { RequestBody } from '../http/request-body.ts'
import { badAnswer, translateError } from './translate-error.ts'

/** What every part of the client needs. */
export interface ReplicateOptions {
  /** Without retries, as it is. Give it a guard: outputs are fetched from where Replicate says. */
  http: HttpClient
  /** `https://api.replicate.com/v1`, or a stand-in's. */
  baseUrl: string
  /** Read for each call, so that a rotated token is used at once. */
  apiToken: () => string | Promise<string>
  /** Over the client's own for each kind of request. */
  timeouts?: Partial<HttpTimeouts>
  now?: () => number
  random?: () => number
}

export interface ApiCall {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below the base URL, ids encoded. */
  path: string
  headers?: Readonly<Record<string, string>>
  body?: RequestBody
  signal?: AbortSignal | undefined
  timeouts?: Partial<HttpTimeouts>
  /** Default 8 MiB: objects without pictures in them. */
  maxBodyBytes?: number
}

const MAX_OBJECT_BYTES = 8 * 1024 * 1024

/** One request to the API, never repeated, its answer parsed. Throws ReplicateErrors, or the signal's reason. */
export async function callApi<T>(options: ReplicateOptions, call: ApiCall, schema: z.ZodType<T>): Promise<T> {
  return await sendApi(options, call, async (response) => {
    const parsed = schema.safeParse(await response.json())
    if (parsed.success) return parsed.data
    const paths = parsed.error.issues.map((issue) => issue.path.join('.')).slice(0, 5)
    throw badAnswer('an object without its fields', { facts: { path: call.path, fields: paths } })
  })
}

/** The same for a request whose answer has no body. */
export async function callApiForNothing(options: ReplicateOptions, call: ApiCall): Promise<void> {
  await sendApi(options, call, async (response) => response.discard())
}

async function sendApi<T>(
  options: ReplicateOptions,
  call: ApiCall,
  read: (response: Awaited<ReturnType<HttpClient['request']>>) => Promise<T>,
): Promise<T> {
  const { http, baseUrl, apiToken, now = Date.now, random = Math.random } = options
  call.signal?.throwIfAborted()
  try {
    const response = await http.request({
      url: `${baseUrl}${call.path}`,
      method: call.method,
      headers: { ...call.headers, accept: 'application/json', authorization: `Bearer ${await apiToken()}` },
      ...(call.body ? { body: call.body } : {}),
      ...(call.signal ? { signal: call.signal } : {}),
      timeouts: { ...call.timeouts, ...options.timeouts },
      maxBodyBytes: call.maxBodyBytes ?? MAX_OBJECT_BYTES,
      // A paid POST follows nothing: most redirects would turn it into a GET.
      redirect: 'manual',
      acceptStatus: (status) => status >= 200 && status < 300,
    })
    return await read(response)
  } catch (error) {
    call.signal?.throwIfAborted()
    throw translateError(error, { now, random })
  }
}
