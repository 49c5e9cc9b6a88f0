import { connect, type Socket } from 'node:net'

/** What came over one connection. */
export interface Exchange {
  status: number
  headers: ReadonlyMap<string, string>
  body: Buffer
  /** How the connection ended: cleanly, by a reset, or by us. */
  ending: 'end' | 'reset' | 'ours'
}

/**
 * One GET over a connection of its own, on the bare socket: HTTP clients call a cut, a reset and an early end the same. Goes
 * on its own as soon as `leaveAt` bytes of the body are there.
 */
export async function exchange(
  url: string,
  headers: Record<string, string> = {},
  { leaveAt = Number.POSITIVE_INFINITY }: { leaveAt?: number } = {},
): Promise<Exchange> {
  const { hostname, port, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname)
  const lines = Object.entries({ host: hostname, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  const { bytes, ending } = await readAll(socket, leaveAt)
  const border = bytes.indexOf('\r\n\r\n')
  const [first = '', ...rest] = bytes.subarray(0, border).toString('latin1').split('\r\n')
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(
      rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    ),
    body: bytes.subarray(border + 4),
    ending,
  }
}

function readAll(socket: Socket, leaveAt: number): Promise<{ bytes: Buffer; ending: Exchange['ending'] }> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const border = bytes.indexOf('\r\n\r\n')
      if (border < 0 || bytes.byteLength - border - 4 < leaveAt) return
      resolve({ bytes, ending: 'ours' })
      socket.destroy()
    })
    socket.on('end', () => resolve({ bytes, ending: 'end' }))
    socket.on('error', () => resolve({ bytes, ending: 'reset' }))
  })
}
