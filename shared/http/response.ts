import { Readable } from 'node:stream'
import type { ExchangeAnswer, ExchangeProgress } from './exchange.ts'
import { HttpFinalError, HttpTransientError } from './http-error.ts'
import type { Lifeline } from './lifeline.ts'
import { translateFailure } from './translate-failure.ts'

/** An answer whose status was accepted. Its body is read once, by one of the methods; one that isn't wanted is discarded. */
export interface HttpResponse {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  /** Where the answer came from after redirects. May be signed: for requests, not for logs. */
  url: URL
  /** The server's own number of this request, for a support case. */
  requestId: string | null
  bytes(): Promise<Buffer>
  text(): Promise<string>
  /** Parsed but unchecked: zod is the caller's. Throws `http.bad-json`. */
  json(): Promise<unknown>
  /** Chunks as they come. Leaving the loop early closes the connection. */
  body(): AsyncGenerator<Buffer, void, undefined>
  /** The body as a Node stream. */
  stream(): Readable
  /** Closes the connection without reading on. */
  discard(): void
}

/** Wraps an answer's head and body. From here on the lifeline belongs to the body and ends with it. */
export function createResponse(params: {
  answer: ExchangeAnswer
  url: URL
  lifeline: Lifeline
  progress: ExchangeProgress
  maxBodyBytes: number
}): HttpResponse {
  const { answer, url, lifeline, progress } = params
  const { message, status, headers } = answer
  const close = (): void => {
    message.destroy()
  }
  // From now, not from the first read: the total time also ends an answer that nobody reads.
  lifeline.signal.addEventListener('abort', close, { once: true })
  if (lifeline.signal.aborted) close()
  if (isEmpty(answer)) {
    // Nobody reads an empty body; the socket goes back to its pool all the same.
    message.resume()
    lifeline.end()
  }
  const discard = (): void => {
    lifeline.end()
    close()
  }
  const body = (): AsyncGenerator<Buffer, void, undefined> => readBody(params)
  const bytes = async (): Promise<Buffer> => {
    const chunks: Buffer[] = []
    for await (const chunk of body()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const text = async (): Promise<string> => (await bytes()).toString('utf8')
  const json = async (): Promise<unknown> => parseJson(await text(), progress)
  const stream = (): Readable => Readable.from(body(), { objectMode: false })
  return { status, headers, url, requestId: progress.requestId, bytes, text, json, body, stream, discard }
}

function isEmpty(answer: ExchangeAnswer): boolean {
  return answer.status === 204 || answer.status === 304 || answer.headers['content-length'] === '0'
}

async function* readBody(params: {
  answer: ExchangeAnswer
  lifeline: Lifeline
  progress: ExchangeProgress
  maxBodyBytes: number
}): AsyncGenerator<Buffer, void, undefined> {
  const { answer, lifeline, progress, maxBodyBytes } = params
  const { message } = answer
  const chunks = message[Symbol.asyncIterator]()
  let receivedBytes = 0
  try {
    checkAnnouncedLength(answer, progress, maxBodyBytes)
    for (;;) {
      lifeline.enter('body')
      const next = await nextChunk(chunks, lifeline, progress)
      lifeline.rest()
      if (next === null) return
      receivedBytes += next.byteLength
      if (receivedBytes > maxBodyBytes) throw tooLarge(progress, maxBodyBytes)
      yield next
    }
  } finally {
    lifeline.end()
    // A body that was read to its end has given its socket back already; this closes the others.
    if (!message.readableEnded) message.destroy()
  }
}

async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  lifeline: Lifeline,
  progress: ExchangeProgress,
): Promise<Buffer | null> {
  try {
    const next = await chunks.next()
    if (lifeline.signal.aborted) throw lifeline.signal.reason
    return next.done === true ? null : next.value
  } catch (error) {
    throw lifeline.signal.aborted ? lifeline.signal.reason : translateFailure(error, progress.position)
  }
}

function checkAnnouncedLength(answer: ExchangeAnswer, progress: ExchangeProgress, maxBodyBytes: number): void {
  const announced = Number(answer.headers['content-length'] ?? 0)
  if (announced > maxBodyBytes) throw tooLarge(progress, maxBodyBytes)
}

function tooLarge(progress: ExchangeProgress, maxBodyBytes: number): HttpFinalError {
  return new HttpFinalError({
    code: 'http.too-large',
    message: `The answer of ${progress.host} is larger than the ${maxBodyBytes} bytes allowed here.`,
    ...progress.position,
    facts: { maxBodyBytes },
  })
}

/** Transient: where JSON is owed, anything else is usually a gateway's passing page. A translator may know better. */
function parseJson(text: string, progress: ExchangeProgress): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `${progress.host} answered with something that is not JSON.`
    throw new HttpTransientError({ code: 'http.bad-json', message, ...progress.position, cause })
  }
}
