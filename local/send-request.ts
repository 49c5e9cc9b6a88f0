import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface OutgoingRequest {
  method: string
  url: URL
  /** Values in Latin-1, one character a byte, as node:http writes them. */
  headers: Record<string, string>
  body: Uint8Array
  /** An interim (1xx) status that the sender takes for the answer. */
  interimAnswer?: number
}

/** What came back: a status, or why nothing did. */
export type Answer = { status: number } | { status: null; reason: string }

/** Sends a request and resolves to the answer, whatever happens; ends it when the signal aborts. */
export type SendRequest = (outgoing: OutgoingRequest, signal: AbortSignal) => Promise<Answer>

/**
 * Over node:http and not fetch, which can't send the header bytes that Eventarc does and gives up after five minutes
 * without an answer. A connection a request: a service under development restarts all the time, and a kept connection
 * would turn each restart into a lost answer.
 */
export const sendRequest: SendRequest = (outgoing, signal) =>
  new Promise((resolve) => {
    const fail = (error: unknown): void => {
      resolve({ status: null, reason: error instanceof Error ? error.message : String(error) })
    }
    try {
      open(outgoing, signal, resolve, fail)
    } catch (error) {
      // A header that can't be sent is thrown, not emitted.
      fail(error)
    }
  })

function open(
  { method, url, headers, body, interimAnswer }: OutgoingRequest,
  signal: AbortSignal,
  give: (answer: Answer) => void,
  fail: (error: unknown) => void,
): void {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = send(url, {
    method,
    headers: { ...headers, 'content-length': String(body.length) },
    agent: false,
    signal,
  })
  request.on('information', ({ statusCode }) => {
    if (statusCode === interimAnswer) give({ status: statusCode })
  })
  request.on('response', (response) => {
    response.resume()
    response.on('error', fail)
    response.on('end', () => give({ status: response.statusCode ?? 0 }))
  })
  request.on('error', fail)
  request.end(body)
}
