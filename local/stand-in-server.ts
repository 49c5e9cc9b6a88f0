import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { answerControl } from './fault-control.ts'
import type { FaultOrder, FaultQueue } from './fault-queue.ts'

/** What a stand-in is, apart from the service that it stands in for. */
export interface StandInSetup<Fault, Endpoint extends string> {
  /** Answered at `GET /`, for people who wonder what runs there. */
  title: string
  /** 0 takes a free one. */
  port: number
  faults: FaultQueue<Fault, Endpoint>
  /** A fault order as it comes over `POST /_control/faults`. */
  faultOrder: z.ZodType<FaultOrder<Fault, Endpoint>>
  /** What `GET /_control/requests` shows. */
  requests: readonly unknown[]
  /** Every other request. What it throws goes to `refuse`. */
  serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>
  /** Turns an error into an answer of the service; not asked once an answer has begun: then the connection is cut. */
  refuse(response: ServerResponse, error: unknown): void
}

export interface StandInServer {
  /** The origin. */
  url: string
  /** Aborted when the stand-in closes: what waits must not outlive it. */
  stopped: AbortSignal
  /** Closes the connections too, hanging ones included. */
  close(): Promise<void>
}

/** A fault order is small. */
const MAX_CONTROL_BYTES = 1024 * 1024

/** Listens on 127.0.0.1 for a stand-in: its service, its control endpoint (see `answerControl`) and its end. */
export async function startStandInServer<Fault, Endpoint extends string>(
  setup: StandInSetup<Fault, Endpoint>,
): Promise<StandInServer> {
  const { faults, faultOrder, requests } = setup
  const stopped = new AbortController()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const path = url.pathname
    if (path === '/' && method === 'GET') {
      response.end(setup.title)
    } else if (path.startsWith('/_control/')) {
      const body = (await readBody(request, MAX_CONTROL_BYTES)) ?? Buffer.alloc(0)
      answerControl({ method, path, body, response, faults, faultOrder, requests })
    } else {
      await setup.serve(request, response, url)
    }
  }

  const server = http.createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy()
      else setup.refuse(response, error)
    })
  })
  server.listen(setup.port, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stopped: stopped.signal,
    async close() {
      stopped.abort(new Error('The stand-in is closed'))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A request's whole body; null where it is larger than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    sizeBytes += chunk.byteLength
    // Read on, or the client would see a broken connection in place of the refusal.
    if (sizeBytes <= maxBytes) chunks.push(chunk)
  }
  return sizeBytes <= maxBytes ? Buffer.concat(chunks) : null
}
