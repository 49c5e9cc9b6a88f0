import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Delivery } from './http-error.ts'
import type { Lifeline } from './lifeline.ts'
import { BodyTurn, type RequestBody, sendBody } from './request-body.ts'
import type { ExchangePosition } from './translate-failure.ts'

/** One request to one server, without redirects. */
export interface Hop {
  method: string
  url: URL
  headers: Record<string, string>
  body: RequestBody | null
}

/** The head of an answer; the body is still on the wire. */
export interface ExchangeAnswer {
  status: number
  /** Names in lower case, repeated ones joined by a comma. */
  headers: Readonly<Record<string, string>>
  message: IncomingMessage
}

/** How far the request has come, kept up to date for whoever has to report a failure. */
export class ExchangeProgress {
  readonly host: string
  delivery: Delivery = 'not-sent'
  status: number | null = null
  requestId: string | null = null

  constructor(host: string) {
    this.host = host
  }

  get position(): ExchangePosition {
    const { host, delivery, status, requestId } = this
    return { host, delivery, status, requestId }
  }
}

/** Sends one request and waits for the head of its answer. Throws what Node throws; the caller translates. */
export async function exchange(params: {
  hop: Hop
  agent: http.Agent
  lifeline: Lifeline
  progress: ExchangeProgress
}): Promise<ExchangeAnswer> {
  const { hop, agent, lifeline, progress } = params
  const { signal } = lifeline
  signal.throwIfAborted()
  lifeline.enter('connect')
  const send = hop.url.protocol === 'http:' ? http.request : https.request
  const request = send(hop.url, { method: hop.method, headers: hop.headers, agent })
  const onAbort = (): void => {
    request.destroy()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const turn = new BodyTurn(lifeline)
  try {
    return await new Promise<ExchangeAnswer>((resolve, reject) => {
      // Stays for the life of the request: a socket that fails after the answer must not bring the process down.
      request.on('error', reject)
      // Also without an error: a socket can be closed by nothing but its other end.
      request.on('close', () => reject(new Error('The connection was closed')))
      request.once('response', (message) => resolve(readHead(message, progress)))
      request.once('socket', (socket) => {
        whenConnected(socket, hop.url, () => {
          if (progress.delivery === 'not-sent') progress.delivery = 'unknown'
          turn.connected()
        })
      })
      request.once('finish', () => {
        if (progress.delivery === 'unknown') lifeline.enter('headers')
      })
      sendBody(request, hop.body, turn).catch((error) => {
        reject(error)
        request.destroy()
      })
    })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', onAbort)
    turn.over()
    lifeline.rest()
  }
}

/** Runs `then` once bytes can be sent: after the TLS handshake where there is one, at once on a kept socket. */
function whenConnected(socket: Socket, url: URL, then: () => void): void {
  const secure = url.protocol === 'https:'
  const ready = secure ? !socket.connecting && (socket as TLSSocket).getProtocol() !== null : !socket.connecting
  if (ready) then()
  else socket.once(secure ? 'secureConnect' : 'connect', then)
}

function readHead(message: IncomingMessage, progress: ExchangeProgress): ExchangeAnswer {
  // Whoever reads the body sees its failure there; nobody reading is no reason to crash.
  message.on('error', () => {})
  const headers = flatHeaders(message.headers)
  progress.delivery = 'answered'
  progress.status = message.statusCode ?? 0
  progress.requestId = requestIdOf(headers)
  return { status: progress.status, headers, message }
}

function flatHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** The names under which servers tell their own number of a request. */
const REQUEST_ID_HEADERS = ['x-request-id', 'cf-ray', 'x-amz-request-id', 'x-amz-cf-id', 'x-cloud-trace-context']

function requestIdOf(headers: Record<string, string>): string | null {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers[name]
    if (value !== undefined) return value.slice(0, 128)
  }
  return null
}
