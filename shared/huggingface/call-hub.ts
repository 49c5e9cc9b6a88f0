import type * as z from 'zod'
import { errorCode } from '../errors/app-error.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { RequestBody } from '../http/request-body.ts'
import type { HttpResponse } from '../http/response.ts'
import { explainDenial } from './explain-denial.ts'
import type { Subject } from './sentences.ts'
import { badAnswer, translateError } from './translate-error.ts'

export interface HubCall {
  method?: 'GET' | 'POST'
  /** Below the base URL, every segment encoded; or a whole URL, which the caller has found to be at the base's origin. */
  target: `/${string}` | URL
  body?: RequestBody
  /** What a refusal is about. */
  subject: Subject
  signal?: AbortSignal | undefined
  /** Default follow: a renamed repo answers with a redirect. The HTTP client drops the token at another origin. */
  redirect?: 'follow' | 'manual'
  maxBodyBytes?: number
  /** Default JSON. */
  accept?: string
}

/** A page of a thousand entries is about 300 KiB, a model's object with all its files the same. */
const MAX_OBJECT_BYTES = 16 * 1024 * 1024

/**
 * One request to the Hub, never repeated, read by `read`. Throws `huggingface.…` AppErrors, or the signal's reason. A refusal
 * that a bad token could be behind costs one more request (`explainDenial`).
 */
export async function callHub<T>(
  options: ApiClientOptions,
  call: HubCall,
  read: (response: HttpResponse) => Promise<T>,
): Promise<T> {
  try {
    return await sendToHub(options, call, read)
  } catch (error) {
    throw await explainDenial(error, {
      subject: call.subject,
      isTokenAccepted: async () => await isTokenAccepted(options, call.signal),
    })
  }
}

async function sendToHub<T>(
  options: ApiClientOptions,
  call: HubCall,
  read: (response: HttpResponse) => Promise<T>,
): Promise<T> {
  const { http, token, now = Date.now, random = Math.random } = options
  const { signal, target } = call
  signal?.throwIfAborted()
  try {
    const response = await http.request({
      url: typeof target === 'string' ? `${options.baseUrl}${target}` : target,
      method: call.method ?? 'GET',
      headers: { accept: call.accept ?? 'application/json', ...(await authorization(options)) },
      ...(call.body ? { body: call.body } : {}),
      ...(signal ? { signal } : {}),
      timeouts: { ...options.timeouts },
      maxBodyBytes: call.maxBodyBytes ?? MAX_OBJECT_BYTES,
      redirect: call.redirect ?? 'follow',
    })
    return await read(response)
  } catch (error) {
    signal?.throwIfAborted()
    throw translateError(error, { subject: call.subject, hasToken: token !== null, now, random })
  }
}

/** Whether the Hub knows the token, whatever that may read (contract §5); null where it cannot be found out now. */
async function isTokenAccepted(options: ApiClientOptions, signal: AbortSignal | undefined): Promise<boolean | null> {
  const call: HubCall = { target: '/api/whoami-v2', subject: { repo: 'the account' }, signal }
  try {
    return await sendToHub(options, call, async (response) => {
      response.discard()
      return true
    })
  } catch (error) {
    signal?.throwIfAborted()
    return errorCode(error) === 'huggingface.bad-token' ? false : null
  }
}

/** The same for an answer that is one JSON value of a known shape. */
export async function callHubForJson<T>(options: ApiClientOptions, call: HubCall, schema: z.ZodType<T>): Promise<T> {
  return await callHub(options, call, async (response) => await parseAnswer(response, schema))
}

/** The body, parsed. Throws `huggingface.bad-answer` for another shape. */
export async function parseAnswer<T>(response: HttpResponse, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await response.json())
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).slice(0, 5)
  const { status, requestId } = response
  throw badAnswer('an object without its fields', { facts: { path: response.url.pathname, status, requestId, fields } })
}

/** The token as a header; nothing for an anonymous client. */
export async function authorization(options: Pick<ApiClientOptions, 'token'>): Promise<Record<string, string>> {
  return options.token === null ? {} : { authorization: `Bearer ${await options.token()}` }
}
