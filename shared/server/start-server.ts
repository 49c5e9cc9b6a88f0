import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Logger } from '#shared/logging/logger.ts'
import { Gate } from './gate.ts'
import { type ProcessPort, Shutdown } from './shutdown.ts'

/** What the loading of an app gets from its server. */
export interface ServerContext {
  /** Aborts when the process must end: running work checkpoints and answers. */
  shutdown: AbortSignal
  /** Runs when the last request has been answered; last registered first. */
  onShutdown(name: string, run: () => Promise<void> | void): void
  /**
   * Loads what the first answer may not need, once that has been sent, or soon after the start when nobody asks. A
   * failure ends the process, as a failure of `load` does.
   */
  afterFirstAnswer(load: () => Promise<unknown>): void
}

export interface ServerOptions {
  /** 0 lets the system choose. */
  port: number
  /** All interfaces where nothing is said, as Cloud Run needs. */
  host?: string
  logger: Logger
  /** From SIGTERM to exit at the latest. */
  shutdownMs: number
  /** Imports and wires the app, soon after the port is open; requests that come earlier wait for it. */
  load: (context: ServerContext) => Promise<RequestListener>
  readyTimeoutMs?: number
  /** Within which a request has to have come whole (408). Not how long it is worked on. */
  receiveTimeoutMs?: number
  process?: ProcessPort
}

export interface RunningServer {
  port: number
  url: string
  /** Resolves when the app is loaded; rejects (and the process exits with 1) when it can't be. */
  ready: Promise<void>
  /** The graceful shutdown without the exit. */
  stop(): Promise<void>
}

/** Loading takes a quarter of a second; past this something is wrong and the sender should come again. */
const READY_TIMEOUT_MS = 8000
/** The first request starts the loading; without one it starts by itself after this. */
const LOAD_AFTER_MS = 25
/** An instance is nearly always started for a request that follows at once; one kept warm loads the rest meanwhile. */
const LOAD_REST_AFTER_MS = 500
/** Longer than the front end keeps idle connections (600 s), so that it never sends into one that we are closing. */
const KEEP_ALIVE_MS = 620_000
/** Bodies are small, and whoever sends one at leisure holds a place of those that an instance has. Work may take longer. */
const RECEIVE_TIMEOUT_MS = 60_000

/** Listens at once, then loads the app; ends gracefully on SIGTERM and SIGINT. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger } = options
  const processPort = options.process ?? process
  const gate = new Gate({ readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS })
  const requestTimeout = options.receiveTimeoutMs ?? RECEIVE_TIMEOUT_MS
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout, connectionsCheckingInterval: requestTimeout / 2 },
    gate.handle,
  )
  const port = await listen(server, options)
  const drain = async () => {
    const answered = gate.close()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    await answered
    // Answered connections end by themselves ("connection: close"); what is left waits for nothing or sends half a request.
    server.closeIdleConnections()
    await setImmediate()
    server.closeAllConnections()
    await closed
  }
  const shutdown = new Shutdown({ limitMs: options.shutdownMs, logger, process: processPort, drain })
  logger.info(`Listening on port ${port}.`, { port })
  const fail = (error: unknown) => {
    logger.error('The service could not be loaded.', { error })
    processPort.exit(1)
  }
  const ready = open(gate, options, {
    shutdown: shutdown.signal,
    onShutdown: (name, run) => shutdown.onShutdown(name, run),
    afterFirstAnswer: (load) => {
      void within(LOAD_REST_AFTER_MS, gate.firstAnswer)
        .then(() => (shutdown.signal.aborted ? null : load()))
        .catch(fail)
    },
  })
  ready.catch(fail)
  const stop = async () => {
    shutdown.detach()
    await shutdown.run()
    server.closeAllConnections()
  }
  return { port, url: `http://127.0.0.1:${port}`, ready, stop }
}

async function open(gate: Gate, options: ServerOptions, context: ServerContext): Promise<void> {
  // Loading blocks the event loop for a fifth of a second: a probe that comes at once should get its answer first.
  await within(LOAD_AFTER_MS, gate.firstRequest)
  gate.open(await options.load(context))
  options.logger.info('Ready.')
}

/** When it has happened, or after `ms` at the latest; and then when what it set off has been written. */
async function within(ms: number, happened: Promise<void>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([happened, setTimeout(ms, undefined, { signal: timer.signal, ref: false }).catch(() => {})])
  timer.abort()
  await setImmediate()
}

async function listen(server: Server, options: { port: number; host?: string }): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }, resolve)
  await promise
  server.off('error', reject)
  return (server.address() as AddressInfo).port // A listening TCP server's address is never a string or null.
}
