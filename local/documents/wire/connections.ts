import type { Server as HttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { type Server, ServerCredentials } from '@grpc/grpc-js'

const HTTP2_PREFACE = 'PRI'

export interface Connections {
  port: number
  /** Resets a client's connection, named as `onGone` names it. */
  reset(connection: string): void
  close(): Promise<void>
}

/**
 * Listens and hands each connection to the gRPC server. Owning the sockets tells us when a client is gone, however it
 * went; `onGone` gets the connection as `ServerCall.getPeer()` names it. A plain HTTP/1 request goes
 * to `http`.
 */
export function listen(
  grpc: Server,
  options: { host: string; port: number; http: HttpServer; onGone: (connection: string) => void },
): Promise<Connections> {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Map<string, Socket>()
  const server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) => {
    const connection = `${socket.remoteAddress}:${socket.remotePort}`
    sockets.set(connection, socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(connection)
      options.onGone(connection)
    })
    socket.once('readable', () => {
      const head: Buffer | null = socket.read()
      if (head === null) return
      socket.unshift(head)
      if (HTTP2_PREFACE.startsWith(head.toString('latin1', 0, 3))) injector.injectConnection(socket)
      else options.http.emit('connection', socket)
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : options.port
      resolve({
        port,
        reset: (connection) => void sockets.get(connection)?.resetAndDestroy(),
        async close() {
          const closed = new Promise<void>((done) => server.close(() => done()))
          // Sockets first: to their clients that is a lost server, which they retry; a session's end would cancel calls.
          for (const socket of sockets.values()) socket.destroy()
          await closed
          grpc.forceShutdown()
          injector.destroy()
        },
      })
    })
  })
}
