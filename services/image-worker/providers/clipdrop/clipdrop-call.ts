import { AppError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { HttpTimeouts } from '#shared/http/lifeline.ts'
import { multipartBody } from '#shared/http/request-body.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import { parseRetryAfter } from '#shared/http/retry-after.ts'
import type { ProviderCall, ProviderImage } from '../provider.ts'
import { connectionError, refusalError } from './clipdrop-errors.ts'

/** What both endpoints need. */
export interface ClipDropOptions {
  http: HttpClient
  /** `https://clipdrop-api.co`, or the stand-in. */
  baseUrl: string
  /** Read for each call, so that a rotated key is used at once. */
  apiKey: () => string | Promise<string>
  timeouts?: Partial<HttpTimeouts>
  now?: () => number
  random?: () => number
}

/** A 200, unjudged. */
export interface ClipDropAnswer {
  bytes: Buffer
  contentType: string
  credits: number | null
  remainingCredits: number | null
}

/**
 * The call holds for seconds and its answer can never be fetched again, so we wait well above the 60 s that the contract
 * asks for: giving up early means paying twice.
 */
const TIMEOUTS: Partial<HttpTimeouts> = { headersMs: 120_000, stallMs: 30_000, totalMs: 240_000 }
/** 25 megapixels of RGBA that hardly compress. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024
/** `{"error": "…"}` is one line. */
const MAX_REFUSAL_BYTES = 16 * 1024

const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const

/**
 * One POST, never repeated: the job alone retries, for it counts what was paid. Throws ProviderErrors (`clipdrop.…`), or the
 * signal's reason.
 */
export async function callClipDrop(
  options: ClipDropOptions,
  request: { path: string; image: ProviderImage; fields: Record<string, string>; accept: string; call: ProviderCall },
): Promise<ClipDropAnswer> {
  const { http, baseUrl, apiKey, now = Date.now, random = Math.random } = options
  const { path, image, fields, accept, call } = request
  call.signal.throwIfAborted()
  try {
    const response = await http.request({
      url: new URL(path, baseUrl),
      method: 'POST',
      headers: { 'x-api-key': await apiKey(), accept },
      body: await multipartBody(formOf(image, fields)),
      signal: call.signal,
      timeouts: { ...TIMEOUTS, ...options.timeouts },
      maxBodyBytes: MAX_ANSWER_BYTES,
      // A paid POST follows nothing: most redirects would turn it into a GET.
      redirect: 'manual',
      acceptStatus: () => true,
    })
    if (response.status === 200) return await readAnswer(response)
    const nowMs = now()
    const retryAt = parseRetryAfter(response.headers['retry-after'], nowMs)
    throw refusalError({ status: response.status, said: await readSaid(response), retryAt, nowMs, random })
  } catch (error) {
    call.signal.throwIfAborted()
    throw isTranslated(error) ? error : connectionError(error)
  }
}

function formOf(image: ProviderImage, fields: Record<string, string>): FormData {
  const form = new FormData()
  const file = new Blob([new Uint8Array(image.bytes)], { type: image.contentType })
  form.set('image_file', file, `image.${EXTENSIONS[image.contentType]}`)
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}

async function readAnswer(response: HttpResponse): Promise<ClipDropAnswer> {
  const { headers } = response
  return {
    bytes: await response.bytes(),
    contentType: (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
    credits: parseCredits(headers['x-credits-consumed']),
    remainingCredits: parseCredits(headers['x-remaining-credits']),
  }
}

/** Decimal text that may be missing (contract §1). A header that says nothing usable is no reason to lose a paid picture. */
export function parseCredits(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? ''
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : null
}

/** The reason in a refusal's body, where it is the documented JSON; a gateway's HTML, a cut or an endless body is none. */
async function readSaid(response: HttpResponse): Promise<string | null> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of response.body()) {
      chunks.push(chunk)
      sizeBytes += chunk.byteLength
      if (sizeBytes > MAX_REFUSAL_BYTES) return null
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const said = typeof body === 'object' && body !== null && 'error' in body ? body.error : null
    return typeof said === 'string' ? said.slice(0, 200) : null
  } catch {
    return null
  }
}

function isTranslated(error: unknown): boolean {
  return error instanceof AppError && error.code.startsWith('clipdrop.')
}
