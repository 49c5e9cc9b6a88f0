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

/** Whose turn it is while a body is sent: the socket's, whose silence is a stall, or that of the body's own source. */
export class BodyTurn {
  #isConnected = false
  #isSourceAsked = false
  readonly #lifeline: Lifeline

  constructor(lifeline: Lifeline) {
    this.#lifeline = lifeline
  }

  connected(): void {
    this.#isConnected = true
    if (this.#isSourceAsked) this.#lifeline.rest()
    else this.#lifeline.enter('send')
  }

  socket(): void {
    this.#isSourceAsked = false
    if (this.#isConnected) this.#lifeline.enter('send')
  }

  /** The answer has come, or will never: what is still being sent has no say any more. */
  over(): void {
    this.#isConnected = false
  }

  source(): void {
    this.#isSourceAsked = true
    if (this.#isConnected) this.#lifeline.rest()
  }
}

/** Writes the body at the pace of the socket and ends the request. Stops once the connection is closed, answered or not. */
export async function sendBody(request: ClientRequest, body: RequestBody | null, turn: BodyTurn): Promise<void> {
  const over = new AbortController()
  const stop = (): void => over.abort()
  request.once('close', stop)
  if (body !== null) {
    turn.source()
    for await (const chunk of chunksOf(body)) {
      if (over.signal.aborted) return
      turn.socket()
      if (!request.write(chunk)) await drained(request, over.signal)
      turn.source()
    }
    turn.socket()
  }
  if (!over.signal.aborted) request.end()
}

function chunksOf(body: RequestBody): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return body.kind === 'stream' ? body.chunks : slicesOf(body)
}

function* slicesOf(body: RequestBody & { kind: 'bytes' }): Generator<Uint8Array> {
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
