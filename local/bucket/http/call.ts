import type { IncomingMessage } from 'node:http'
import { invalid } from './failure.ts'

/** One request, parsed as far as every handler needs it. */
export interface Call {
  request: IncomingMessage
  /** The body's chunks; to be read once. */
  body: () => AsyncIterableIterator<Buffer>
  method: string
  /** The path as it was sent, still percent-encoded. */
  rawPath: string
  query: URLSearchParams
  /** Scheme and host as the caller knows them, for links in replies. */
  baseUrl: string
}

export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Metadata bodies are small: the service allows 8 KiB of custom metadata; compose lists and policies stay below this. */
const JSON_LIMIT_BYTES = 1024 * 1024

export function parseCall(request: IncomingMessage): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    request,
    // Leaving the loop early does not cut the connection: the reply still has to go out on it.
    body: () => request.iterator({ destroyOnReturn: false }),
    method: request.method ?? 'GET',
    rawPath: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    baseUrl: `http://${request.headers.host ?? 'localhost'}`,
  }
}

/** A header that counts once; of a repeated one Node keeps the first or joins them, which is as good here. */
export function header(call: Call, name: string): string | null {
  const value = call.request.headers[name]
  return typeof value === 'string' ? value : null
}

/** Reads a JSON object from the body; an empty body is an empty object. Throws 400 for anything else. */
export async function readJsonBody(call: Call): Promise<JsonObject> {
  return parseJsonObject(await readBody(call, JSON_LIMIT_BYTES))
}

export async function readBody(call: Call, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of call.body()) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > limitBytes) throw invalid('The request body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function parseJsonObject(bytes: Buffer): JsonObject {
  const text = bytes.toString('utf8').trim()
  if (text === '') return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid('Parse Error')
  }
  // What clients in Go send for a resource of which nothing is said.
  if (parsed === null) return {}
  if (!isJsonObject(parsed)) throw invalid('Parse Error')
  return parsed
}
