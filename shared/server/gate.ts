import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { errorBody } from './error-answer.ts'

/** The phases of an instance. Only a ready one takes work. */
export type Phase = 'starting' | 'ready' | 'stopping'

interface GateInit {
  /** How long a request that came before the app was loaded waits for it. */
  readyTimeoutMs: number
}

/**
 * What stands before the app from the first moment: Cloud Run sends requests as soon as the port is open, long before
 * the client libraries are loaded. `/health` says the process lives, `/health/ready` says it takes work, everything
 * else waits for the app.
 */
export class Gate {
  readonly #init: GateInit
  readonly #opened = Promise.withResolvers<void>()
  #app: RequestListener | null = null
  readonly #asked = Promise.withResolvers<void>()
  readonly #answered = Promise.withResolvers<void>()
  #phase: Phase = 'starting'
  readonly #running = new Set<ServerResponse>()
  #idle: (() => void) | null = null

  constructor(init: GateInit) {
    this.#init = init
  }

  /** Resolves when the first request of any kind has come. */
  get firstRequest(): Promise<void> {
    return this.#asked.promise
  }

  /** Resolves when a request that was let through has been answered. */
  get firstAnswer(): Promise<void> {
    return this.#answered.promise
  }

  /** Lets waiting and coming requests through to `app`. */
  open(app: RequestListener): void {
    if (this.#phase !== 'starting') return
    this.#phase = 'ready'
    this.#app = app
    this.#opened.resolve()
  }

  /** Refuses what comes from now on. Resolves when the last request that was let through has been answered. */
  async close(): Promise<void> {
    this.#phase = 'stopping'
    if (this.#running.size === 0) return
    for (const response of this.#running) {
      if (!response.headersSent) response.setHeader('connection', 'close')
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    await promise
  }

  /** The server's request listener. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#asked.resolve()
    // Eventarc adds a query to every URL; only the path counts. (Cloud Run keeps paths ending in z to itself.)
    const path = request.url?.split('?', 1)[0]
    if (path === '/health') {
      answer(response, { status: 200, body: { status: 'alive' } })
    } else if (path === '/health/ready') {
      answer(response, { status: this.#phase === 'ready' ? 200 : 503, body: { status: this.#phase } })
    } else {
      this.#count(response)
      if (this.#phase === 'starting') void this.#untilOpen().then(() => this.#pass(request, response))
      else this.#pass(request, response)
    }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    if (this.#phase === 'ready' && this.#app !== null) this.#app(request, response)
    else refuse(response, this.#phase === 'stopping' ? 'stopping' : 'starting')
  }

  async #untilOpen(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#init.readyTimeoutMs)
    await Promise.race([this.#opened.promise, late])
    clearTimeout(timer)
  }

  /**
   * A request runs until its handler ends the response. The connection's end says nothing: Pub/Sub hangs up at the ack
   * deadline while the handler goes on, and at a shutdown that handler still has to checkpoint.
   */
  #count(response: ServerResponse): void {
    this.#running.add(response)
    const leave = () => {
      this.#answered.resolve()
      this.#running.delete(response)
      if (this.#running.size === 0) this.#idle?.()
    }
    const end = response.end
    response.end = ((...parameters: Parameters<typeof end>) => {
      const ended = end.apply(response, parameters)
      if (response.closed || response.writableFinished) leave()
      else response.once('close', leave)
      return ended
    }) as typeof end // Its overloads can't be written as one function type.
  }
}

function refuse(response: ServerResponse, phase: 'starting' | 'stopping'): void {
  // The sender should come back over a new connection: to another instance, or to this one when it is ready.
  response.setHeader('connection', 'close')
  response.setHeader('retry-after', '1')
  const message = phase === 'starting' ? 'The service is still starting.' : 'This instance is shutting down.'
  answer(response, { status: 503, body: errorBody({ code: `server.${phase}`, message, details: null }) })
}

function answer(response: ServerResponse, reply: { status: number; body: object }): void {
  response.writeHead(reply.status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(reply.body))
}
