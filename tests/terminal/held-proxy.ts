import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server on which no more than so many bytes pass before somebody lets them. */
export interface HeldProxy {
  url: string
  /** What has passed to the server so far. */
  passedBytes(): number
  /** Lets everything pass. */
  release(): void
  close(): Promise<void>
}

/** Holds what is sent to `target` back once `bytes` of it have passed, on all connections together. */
export async function startHeldProxy(target: string, bytes: number): Promise<HeldProxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const held = new Set<Socket>()
  let passedBytes = 0
  let mostBytes = bytes
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    client.on('end', () => upstream.end())
    client.on('data', (chunk) => {
      upstream.write(chunk)
      passedBytes += chunk.byteLength
      if (passedBytes < mostBytes) return
      held.add(client)
      client.pause()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passedBytes: () => passedBytes,
    release() {
      mostBytes = Number.POSITIVE_INFINITY
      for (const client of held) client.resume()
    },
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
