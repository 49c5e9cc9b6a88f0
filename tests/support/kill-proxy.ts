import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** When, seen from the server: nothing done yet; done but not answered; answered. */
export type KillMoment = 'before' | 'unanswered' | 'after'

export interface KillOrder {
  k: number
  moment: KillMoment
  kill: () => Promise<void>
  match?: (label: string) => boolean
}

export interface KillProxy {
  url: string
  /** `METHOD path [name]` of every request since the last `arm` or `disarm`. */
  seen: readonly string[]
  /** Calls `kill` at the k-th request from now (of those that match), once; `fired` says at which request it did. */
  arm(order: KillOrder): { fired: string | null }
  /** Watches without killing. */
  disarm(): void
  close(): Promise<void>
}

/** A proxy before the bucket server that ends its client at a chosen request: death from outside, at every line. */
export async function startKillProxy(target: string): Promise<KillProxy> {
  let seen: string[] = []
  let armed: (KillOrder & { report: { fired: string | null }; matched: number }) | null = null

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', target)
    const label = decodeURIComponent(`${request.method} ${pathname} ${searchParams.get('name') ?? ''}`).trim()
    seen.push(label)
    if (armed && (armed.match?.(label) ?? true)) armed.matched += 1
    const due = armed?.matched === armed?.k ? armed : null
    const strike = async (moment: KillMoment) => {
      if (due?.moment !== moment) return false
      armed = null
      due.report.fired = label
      await due.kill()
      return true
    }
    if (await strike('before')) {
      response.destroy()
      return
    }
    const answer = await forward(target, request)
    if (await strike('unanswered')) {
      response.destroy()
      return
    }
    response.writeHead(answer.status, answer.headers)
    await new Promise<void>((resolve) => response.end(answer.body, () => resolve()))
    await strike('after')
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get seen() {
      return seen
    },
    arm(order) {
      seen = []
      const report = { fired: null }
      armed = { ...order, report, matched: 0 }
      return report
    },
    disarm() {
      seen = []
      armed = null
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One request to the server behind a proxy: as it comes, or with a body that was read already. */
export function forward(target: string, request: IncomingMessage, body?: Buffer) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const outgoing = sendRequest(new URL(request.url ?? '/', target), {
      method: request.method,
      headers: request.headers,
    })
    outgoing.on('error', reject)
    outgoing.on('response', async (answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      const { 'transfer-encoding': _chunked, ...headers } = answer.headers
      resolve({ status: answer.statusCode ?? 502, headers, body: Buffer.concat(chunks) })
    })
    if (body) {
      outgoing.end(body)
      return
    }
    // A request that is cut in front of the proxy is cut behind it too.
    pipeline(request, outgoing).catch(() => {})
  })
}
