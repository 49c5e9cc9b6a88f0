import type { z } from 'zod'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { HttpResponse } from '../http/response.ts'
import { nameApiRefusal } from './api-refusal.ts'
import type { Circumstances, CivitaiError, Refused } from './refusal.ts'
import { badAnswer, translateError } from './translate-error.ts'

export interface CivitaiCall {
  /** Below the base URL, ids checked. */
  path: string
  /** For sentences: `model 123`, `model version 456`. */
  subject: string
  signal?: AbortSignal | undefined
}

/**
 * None of the words that browsers' names are made of (mozilla, chrome, edge, …), not even inside a word: the download endpoint
 * would answer with redirects to HTML pages (contract §1). And no library's default: the edge refuses those.
 */
export const CIVITAI_USER_AGENT = 'charaforge-backend'

/** Far above any model with all its versions and pictures. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** One GET of the API, never repeated, its answer parsed. Throws `civitai.…` errors, or the signal's reason. */
export async function callApi<T>(options: ApiClientOptions, call: CivitaiCall, schema: z.ZodType<T>): Promise<T> {
  return await send(options, call, {
    accepts: (status) => status >= 200 && status < 300,
    nameRefusal: nameApiRefusal,
    async read(response) {
      const parsed = schema.safeParse(await response.json())
      if (parsed.success) return parsed.data
      const fields = parsed.error.issues.map((issue) => issue.path.join('.')).slice(0, 5)
      throw badAnswer('an object without its fields', { facts: { path: call.path, fields } })
    },
  })
}

/** One GET, never repeated and never redirected. What `read` throws is translated too. */
export async function send<T>(
  options: ApiClientOptions,
  call: CivitaiCall,
  answer: {
    accepts(status: number): boolean
    nameRefusal(refused: Refused): CivitaiError | null
    read(response: HttpResponse, circumstances: Circumstances): Promise<T>
  },
): Promise<T> {
  const { http, baseUrl, timeouts, now = Date.now, random = Math.random } = options
  call.signal?.throwIfAborted()
  const token = (await options.token?.())?.trim() ?? ''
  const circumstances: Circumstances = { subject: call.subject, isSignedIn: token !== '', now, random }
  try {
    const response = await http.request({
      url: `${baseUrl.replace(/\/+$/, '')}${call.path}`,
      headers: {
        accept: 'application/json',
        'user-agent': CIVITAI_USER_AGENT,
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(call.signal ? { signal: call.signal } : {}),
      ...(timeouts ? { timeouts } : {}),
      maxBodyBytes: MAX_ANSWER_BYTES,
      // A redirect is either the storage, which must not see the token, or a page for people.
      redirect: 'manual',
      acceptStatus: answer.accepts,
    })
    return await answer.read(response, circumstances)
  } catch (error) {
    call.signal?.throwIfAborted()
    throw translateError(error, circumstances, answer.nameRefusal)
  }
}
