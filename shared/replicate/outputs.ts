import { isHttpError } from '../http/http-error.ts'
import type { ReplicateOptions } from './call-api.ts'
import { readDataUrl } from './data-url.ts'
import { ReplicateFinalError } from './replicate-error.ts'
import { translateError } from './translate-error.ts'

/** A file that a run has made. */
export interface OutputFile {
  bytes: Buffer
  /** From the header or the data URL, in lower case and without parameters. */
  contentType: string
}

export interface Outputs {
  /**
   * Fetches one output, whole. It exists for an hour only: `replicate.output-gone` after that. Throws `replicate.bad-output`
   * for what is not on Replicate's delivery hosts: a model's author writes the output, and could send us anywhere.
   */
  download(url: string, options: { maxBytes: number; signal?: AbortSignal }): Promise<OutputFile>
  /**
   * What a request for an output is made of, for whoever streams it; for no other origin and no log. Throws
   * `replicate.bad-output` as above.
   */
  locate(url: string): Promise<{ url: string; headers: Readonly<Record<string, string>> }>
}

/** Which of a model's outputs is meant (contract clipdrop.md §6: strings and arrays, never to be guessed). */
export type OutputShape = 'single' | 'first' | 'last'

/** The URL in an output of the given shape; null where the output has another. A list of one is as good as its one entry. */
export function pickOutput(output: unknown, shape: OutputShape): string | null {
  const entries = Array.isArray(output) ? output : [output]
  if (entries.length === 0 || !entries.every((entry) => typeof entry === 'string' && entry !== '')) return null
  if (shape === 'single' && entries.length > 1) return null
  return (shape === 'last' ? entries.at(-1) : entries[0]) ?? null
}

const DELIVERY_HOST = /^([a-z0-9-]+\.)*replicate\.delivery$/

/** The files that runs leave at Replicate's delivery hosts (contract §3). */
export function createOutputs(options: ReplicateOptions): Outputs {
  const { http, baseUrl, apiToken, now = Date.now, random = Math.random } = options
  const ownOrigin = new URL(baseUrl).origin

  // Public in practice, but the documentation says that the token may be needed (contract §3).
  const ownHeaders = async () => ({ authorization: `Bearer ${await apiToken()}` })

  function checkHost(url: string): URL {
    const parsed = URL.parse(url)
    const isDelivery = parsed?.protocol === 'https:' && DELIVERY_HOST.test(parsed.hostname)
    if (parsed === null || !(isDelivery || parsed.origin === ownOrigin)) throw badOutput('not on its delivery host')
    return parsed
  }

  async function fetchOutput(url: URL, limits: { maxBytes: number; signal?: AbortSignal }): Promise<OutputFile> {
    try {
      const response = await http.request({
        url,
        headers: await ownHeaders(),
        ...(limits.signal ? { signal: limits.signal } : {}),
        timeouts: { totalMs: 180_000, ...options.timeouts },
        maxBodyBytes: limits.maxBytes,
      })
      const contentType = (response.headers['content-type'] ?? '').split(';', 1)[0] ?? ''
      return { bytes: await response.bytes(), contentType: contentType.trim().toLowerCase() }
    } catch (error) {
      limits.signal?.throwIfAborted()
      if (isHttpError(error) && (error.status === 404 || error.status === 410)) throw gone(error)
      if (isHttpError(error) && error.code === 'http.too-large') throw badOutput('too large', error)
      throw translateError(error, { now, random })
    }
  }

  return {
    async download(url, limits) {
      limits.signal?.throwIfAborted()
      const inline = readDataUrl(url)
      if (inline !== null) {
        if (inline.bytes.byteLength > limits.maxBytes) throw badOutput('too large')
        return inline
      }
      return await fetchOutput(checkHost(url), limits)
    },
    async locate(url) {
      const { href } = checkHost(url)
      return { url: href, headers: await ownHeaders() }
    },
  }
}

function gone(cause: unknown): ReplicateFinalError {
  return new ReplicateFinalError({
    code: 'replicate.output-gone',
    message: 'The result is no longer at Replicate, which keeps it for an hour.',
    delivery: 'answered',
    cause,
  })
}

function badOutput(what: string, cause?: unknown): ReplicateFinalError {
  return new ReplicateFinalError({
    code: 'replicate.bad-output',
    message: `The model's output cannot be used (${what}).`,
    delivery: 'answered',
    cause,
  })
}
