import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the receiving service saw it. */
export interface Received {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Receiver {
  url: string
  received: Received[]
  close(): Promise<void>
}

/** The status to answer with, or `hang up` to cut the connection. */
export type Reply = number | 'hang up'

/** A real service on loopback that keeps what it gets; `reply` may take its time. */
export async function startReceiver(
  reply: (request: Received, count: number) => Reply | Promise<Reply> = () => 204,
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const seen = { method, url, headers, body: Buffer.concat(chunks) }
    received.push(seen)
    const answer = await reply(seen, received.length)
    if (answer === 'hang up') request.socket.destroy()
    else response.writeHead(answer).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Waits for a state that real I/O brings about. */
export async function until(holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > end) throw new Error(`It did not happen within ${timeoutMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
