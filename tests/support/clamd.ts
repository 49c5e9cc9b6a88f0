import { createServer, type Socket } from 'node:net'

export type ClamdFault =
  /** Reads everything, says nothing. */
  | 'hang'
  /** Hangs up in the middle of the stream without a word. */
  | 'hang-up'
  /** Says that it could not scan. */
  | 'error'

export interface ClamdStandIn {
  host: string
  port: number
  /** Bytes of every stream that was read to its end, in order. */
  streams: readonly Buffer[]
  /** The fault for the next connections; null for none. `fired` counts the connections that met it. */
  inject(fault: ClamdFault | null): { fired: number }
  close(): Promise<void>
}

/** clamd(8) as far as INSTREAM goes: finds `signature` in a stream and refuses one longer than `maxStreamBytes`. */
export async function startClamdStandIn(options: {
  signature: { name: string; bytes: Buffer }
  maxStreamBytes: number
}): Promise<ClamdStandIn> {
  const streams: Buffer[] = []
  const open = new Set<Socket>()
  let armed: { fault: ClamdFault; report: { fired: number } } | null = null

  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    const fault = armed?.fault ?? null
    if (armed) armed.report.fired += 1
    if (fault === 'hang') {
      socket.resume()
      return
    }
    if (fault === 'hang-up') {
      socket.once('data', () => socket.destroy())
      return
    }
    void serve(socket).then((stream) => {
      if (stream === 'too-long') return socket.end('INSTREAM size limit exceeded. ERROR\0')
      if (stream === 'no-command') return socket.end('UNKNOWN COMMAND ERROR\0')
      if (fault === 'error') return socket.end('stream: Can’t allocate memory ERROR\0')
      streams.push(stream)
      const found = stream.includes(options.signature.bytes)
      return socket.end(found ? `stream: ${options.signature.name} FOUND\0` : 'stream: OK\0')
    })
  })

  async function serve(socket: Socket): Promise<Buffer | 'too-long' | 'no-command'> {
    const read = reader(socket)
    const command = 'zINSTREAM\0'
    if ((await read(command.length)).toString() !== command) return 'no-command'
    const chunks: Buffer[] = []
    let total = 0
    while (true) {
      const length = (await read(4)).readUInt32BE()
      if (length === 0) return Buffer.concat(chunks)
      total += length
      if (total > options.maxStreamBytes) return 'too-long'
      chunks.push(await read(length))
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.')
  return {
    host: '127.0.0.1',
    port: address.port,
    streams,
    inject(fault) {
      const report = { fired: 0 }
      armed = fault ? { fault, report } : null
      return report
    },
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Reads exact counts of bytes, however they were cut into packets. A stream that ends early never settles. */
function reader(socket: Socket): (count: number) => Promise<Buffer> {
  let held = Buffer.alloc(0)
  let waiting: (() => void) | null = null
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk])
    waiting?.()
  })
  return async (count) => {
    while (held.length < count) await new Promise<void>((resolve) => (waiting = resolve))
    const bytes = held.subarray(0, count)
    held = held.subarray(count)
    return bytes
  }
}
