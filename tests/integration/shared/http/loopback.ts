import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { createHttpClient, type HttpClientOptions } from '#shared/http/client.ts'

/** What a server has seen of one request. */
export interface SeenRequest {
  method: string
  path: string
  headers: http.IncomingHttpHeaders
  body: Buffer
}

export interface LoopbackServer {
  url: string
  host: string
  seen: SeenRequest[]
  /** Connections opened so far. */
  connections(): number
  close(): Promise<void>
}

/** Makers of clients and servers that are closed after each test. For a test file's top level. */
export function closedAfterEach() {
  const open: { close(): unknown }[] = []
  const kept = <T extends { close(): unknown }>(made: T): T => {
    open.push(made)
    return made
  }
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close()
  })
  return {
    client: (options: HttpClientOptions = {}) => kept(createHttpClient(options)),
    server: async (...args: Parameters<typeof startServer>) => kept(await startServer(...args)),
    rawServer: async (...args: Parameters<typeof startRawServer>) => kept(await startRawServer(...args)),
  }
}

/** A real HTTP server on a free port of 127.0.0.1 whose handler sees the whole body. */
export async function startServer(
  handler: (request: SeenRequest, response: ServerResponse, raw: IncomingMessage) => void,
  options: { tls?: { key: string; cert: string } } = {},
): Promise<LoopbackServer> {
  const seen: SeenRequest[] = []
  const listener: RequestListener = async (raw, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of raw) chunks.push(chunk)
    } catch {
      return
    }
    const { method = '', url = '', headers } = raw
    const request = { method, path: url, headers, body: Buffer.concat(chunks) }
    seen.push(request)
    handler(request, response, raw)
  }
  const certificate = options.tls
  const server =
    certificate === undefined
      ? http.createServer({ keepAliveTimeout: 60_000 }, listener)
      : https.createServer({ ...certificate, keepAliveTimeout: 60_000 }, listener)
  return listen(server, seen, certificate === undefined ? 'http' : 'https')
}

/** A TCP server that answers the first bytes of a connection as the test likes, HTTP or not. */
export async function startRawServer(onRequest: (socket: Socket) => void): Promise<LoopbackServer> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => onRequest(socket))
  })
  return listen(server, [], 'http')
}

async function listen(server: net.Server, seen: SeenRequest[], scheme: 'http' | 'https'): Promise<LoopbackServer> {
  const sockets = new Set<Socket>()
  let opened = 0
  server.on('connection', (socket: Socket) => {
    opened++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${scheme}://${host}`,
    host,
    seen,
    connections: () => opened,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
