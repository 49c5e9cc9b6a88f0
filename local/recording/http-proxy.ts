import { createServer, type IncomingMessage, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** A request that went through, after its answer. */
export interface Passed {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  /** Null unless the proxy was told to keep bodies. */
  body: Buffer | null
  requestBytes: number
  answerBytes: number
  status: number
  startMs: number
  endMs: number
}

export interface HttpProxy {
  url: string
  close(): Promise<void>
}

/** Passes requests on to `target` as streams, byte by byte as they are, and reports each one. */
export async function startHttpProxy(options: {
  target: string
  onPassed: (passed: Passed) => void
  /** Told of each request at its beginning. */
  onBegun?: () => void
  /** Told once of each that was begun: also where nothing was answered. */
  onEnded?: () => void
  /** For small requests whose content matters. */
  keepsBodies?: boolean
}): Promise<HttpProxy> {
  const { target, onPassed, onBegun, onEnded, keepsBodies = false } = options
  const server = createServer((request, response) => {
    const startMs = performance.now()
    onBegun?.()
    response.once('close', () => onEnded?.())
    const { method = 'GET', headers } = request
    const url = new URL(request.url ?? '/', target)
    const kept: Buffer[] = []
    let requestBytes = 0
    request.on('data', (chunk: Buffer) => {
      requestBytes += chunk.length
      if (keepsBodies) kept.push(chunk)
    })
    const outgoing = sendRequest(url, { method, headers }, (answer) => {
      const status = answer.statusCode ?? 502
      let answerBytes = 0
      answer.on('data', (chunk: Buffer) => {
        answerBytes += chunk.length
      })
      response.writeHead(status, answer.headers)
      const report = () => {
        const body = keepsBodies ? Buffer.concat(kept) : null
        const endMs = performance.now()
        onPassed({ method, url, headers, body, requestBytes, answerBytes, status, startMs, endMs })
      }
      // Reported before its client can know of the end, so that nothing is missing once a client is done.
      answer.once('end', report)
      pipeline(answer, response).catch(() => outgoing.destroy())
    })
    outgoing.on('error', () => response.destroy())
    // A request that is cut in front of the proxy is cut behind it too.
    pipeline(request, outgoing).catch(() => outgoing.destroy())
  })
  server.requestTimeout = 0
  server.keepAliveTimeout = 120_000
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, '127.0.0.1', resolve)
  await listening
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeAllConnections()
      await closed
    },
  }
}
