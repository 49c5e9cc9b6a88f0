import type { ClientRequest } from 'node:http'
import type { Lifeline } from './lifeline.ts'

/** A body to send. A stream can be sent once only: it follows no redirect. */
export type RequestBody =
  | { kind: 'bytes'; bytes: Uint8Array; contentType: string | null }
  | { kind: 'stream'; chunks: AsyncIterable<Uint8Array>; sizeBytes: number | null; contentType: string | null }

/** Small enough that a stalled upload is noticed by the chunk, large enough to cost nothing. */
const CHUNK_BYTES = 256 * 1024

/** A JSON body. */
export function jsonBody(value: unknown): RequestBody {
  return { kind: 'bytes', bytes: Buffer.from(JSON.stringify(value)), contentType: 'application/json' }
}

/** A multipart/form-data body. The boundary is made by the encoder, so that header and body can't disagree. */
export async function multipartBody(form: FormData): Promise<RequestBody> {
  const encoded = new Response(form)
  const contentType = encoded.headers.get('content-type')
  return { kind: 'bytes', bytes: new Uint8Array(await encoded.arrayBuffer()), contentType }
}

/** The headers that describe a body (RFC 9110 §8.6: a length wherever it is known). */
export function bodyHeaders(body: RequestBody | null): Record<string, string> {
  if (body === null) return {}
  const sizeBytes = body.kind === 'bytes' ? body.bytes.byteLength : body.sizeBytes
  return {
    ...(body.contentType === null ? {} : { 'content-type': body.contentType }),
    ...(sizeBytes === null ? {} : { 'content-length': String(sizeBytes) }),
  }
}

/** Writes the body at the pace of the socket and ends the request. Stops once the connection is closed, answered or not. */
export async function sendBody(request: ClientRequest, body: RequestBody | null, lifeline: Lifeline): Promise<void> {
  const over = new AbortController()
  const stop = (): void => over.abort()
  request.once('close', stop)
  for await (const chunk of chunksOf(body)) {
    if (over.signal.aborted) return
    if (!request.write(chunk)) await drained(request, over.signal)
    lifeline.progress()
  }
  if (!over.signal.aborted) request.end()
}

async function* chunksOf(body: RequestBody | null): AsyncGenerator<Uint8Array> {
  if (body === null) return
  if (body.kind === 'stream') {
    yield* body.chunks
    return
  }
  for (let at = 0; at < body.bytes.byteLength; at += CHUNK_BYTES) yield body.bytes.subarray(at, at + CHUNK_BYTES)
}

function drained(request: ClientRequest, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      request.off('drain', done)
      over.removeEventListener('abort', done)
      resolve()
    }
    request.once('drain', done)
    over.addEventListener('abort', done, { once: true })
  })
}
