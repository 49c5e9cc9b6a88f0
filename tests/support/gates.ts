import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { forward } from './kill-proxy.ts'

/** A place where one passer-by is held until the gate is opened. */
export interface Gate {
  /** Resolves when somebody stands at it. */
  reached: Promise<void>
  /** Lets it go on; a gate that is opened before anybody came holds nobody. */
  open(): void
}

/** Decides from outside in which order things happen: whoever passes says where it is, and waits at a closed gate. */
export class Gates {
  #closed: { match: (label: string) => boolean; arrive: () => void; opened: Promise<void> }[] = []

  /** Holds the next passer-by whose label matches, and only that one. */
  close(match: (label: string) => boolean): Gate {
    const arrived = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    const gate = { match, arrive: arrived.resolve, opened: opened.promise }
    this.#closed.push(gate)
    return {
      reached: arrived.promise,
      open: () => {
        this.#closed = this.#closed.filter((one) => one !== gate)
        opened.resolve()
      },
    }
  }

  /** Called where something can be held. */
  async pass(label: string): Promise<void> {
    const gate = this.#closed.find(({ match }) => match(label))
    if (!gate) return
    this.#closed = this.#closed.filter((one) => one !== gate)
    gate.arrive()
    await gate.opened
  }
}

/**
 * A proxy before the bucket server with two places a request: `before METHOD path [name]`, when the server has not seen
 * it, and `done METHOD path [name]`, when it is carried out and not answered.
 */
export async function startGateProxy(target: string, gates: Gates): Promise<{ url: string; close(): Promise<void> }> {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', target)
    const label = decodeURIComponent(`${request.method} ${pathname} ${searchParams.get('name') ?? ''}`).trim()
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk as Buffer)
    await gates.pass(`before ${label}`)
    const answer = await forward(target, request, Buffer.concat(body))
    await gates.pass(`done ${label}`)
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
