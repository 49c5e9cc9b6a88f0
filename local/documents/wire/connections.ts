import { createServer, type Socket } from 'node:net'
import { type Server, ServerCredentials } from '@grpc/grpc-js'

const HTTP2_PREFACE = 'PRI'
const HTTP1_ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nconnection: close\r\n\r\nOk\n'

export interface Connections {
  port: number
  close(): Promise<void>
}

/**
 * Listens and hands each connection to the gRPC server. Owning the sockets tells us when a client is gone, however it
 * went; `onGone` gets the connection as `ServerCall.getPeer()` names it. A plain HTTP/1 request (a readiness probe, as
 * Google's emulator answers it) gets 200.
 */
export function listen(
  grpc: Server,
  options: { host: string; port: number; onGone: (connection: string) => void },
): Promise<Connections> {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) => {
    const connection = `${socket.remoteAddress}:${socket.remotePort}`
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      options.onGone(connection)
    })
    socket.once('readable', () => {
      const head: Buffer | null = socket.read()
      if (head === null) return
      if (!HTTP2_PREFACE.startsWith(head.toString('latin1', 0, 3))) return void socket.end(HTTP1_ANSWER)
      socket.unshift(head)
      injector.injectConnection(socket)
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
        async close() {
          const closed = new Promise<void>((done) => server.close(() => done()))
          // Sockets first: to their clients that is a lost server, which they retry; a session's end would cancel calls.
          for (const socket of sockets) socket.destroy()
          await closed
          grpc.forceShutdown()
          injector.destroy()
        },
      })
    })
  })
}
