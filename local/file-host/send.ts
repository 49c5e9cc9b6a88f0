import type { ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import type { FileHostFault } from './faults.ts'
import type { Lane } from './lanes.ts'
import { errorXml, Refusal } from './refusal.ts'
import type { Delivery } from './spoil.ts'

const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action="/login" method="post"></form></body></html>'

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const body = errorXml(refusal)
  response
    .writeHead(refusal.status, {
      ...refusal.headers,
      'content-type': 'application/xml',
      'content-length': Buffer.byteLength(body),
    })
    .end(body)
}

/** Answers in place of the file, if the fault is one of that kind. Says whether it did. */
export function sendInstead(response: ServerResponse, fault: FileHostFault | null): boolean {
  switch (fault?.kind) {
    case 'status': {
      const { status, retryAfter, rateLimit } = fault
      const headers = {
        ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
        ...(rateLimit === undefined ? {} : { ratelimit: rateLimit }),
      }
      sendRefusal(response, new Refusal(status, codeOf(status), 'Injected by the test', headers))
      return true
    }
    case 'refuse-lane':
      sendRefusal(response, new Refusal(403, 'AccessDenied', 'Too many connections'))
      return true
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(LOGIN_PAGE)
      return true
    case 'json':
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: 'Injected by the test' }))
      return true
    default:
      return false
  }
}

function codeOf(status: number): string {
  switch (status) {
    case 401:
      return 'Unauthorized'
    case 403:
      return 'AccessDenied'
    case 404:
      return 'NoSuchKey'
    case 429:
    case 503:
      return 'SlowDown'
    default:
      return status < 500 ? 'InvalidRequest' : 'InternalError'
  }
}

/**
 * Sends head and bytes at the lane's pace; `onSent` is told of all bytes that left this process, first of none. Says whether
 * every byte that was to be sent left; false where the client or the host went before.
 */
export async function sendBytes(
  response: ServerResponse,
  delivery: Delivery,
  { lane, onSent }: { lane: Lane; onSent: (sizeBytes: number) => void },
): Promise<boolean> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  sendHead(response, delivery)
  onSent(0)
  try {
    for (let at = delivery.first; at < delivery.end; ) {
      const end = Math.min(delivery.end, at + lane.stepBytes())
      const waitMs = lane.waitMs(end - at)
      if (waitMs > 0) await sleep(waitMs, gone.signal)
      await flush(response, delivery.content.views(at, end))
      onSent(end - at)
      at = end
    }
    return true
  } catch {
    return false
  }
}

/** Ends an answer whose bytes have left. Resolves at once, but for silence, which lasts until the client goes. */
export async function endDelivery(response: ServerResponse, ending: Delivery['ending']): Promise<void> {
  switch (ending) {
    case 'end':
      response.end()
      break
    case 'close':
      response.socket?.destroySoon()
      break
    case 'reset':
      response.socket?.resetAndDestroy()
      break
    case 'silence':
      await new Promise((resolve) => response.once('close', resolve))
  }
}

function sendHead(response: ServerResponse, { status, headers, tellsLength }: Delivery): void {
  if (!tellsLength) {
    response.shouldKeepAlive = false
    response.useChunkedEncodingByDefault = false
  }
  const told = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && (tellsLength || name !== 'content-length'),
  )
  response.writeHead(status, Object.fromEntries(told))
  response.flushHeaders()
}

/** Rejects when the connection is gone before the bytes are. */
function flush(response: ServerResponse, views: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const last = views.length - 1
    response.cork()
    for (const [index, view] of views.entries()) {
      if (index < last) response.write(view)
      else response.write(view, (error) => (error ? reject(error) : resolve()))
    }
    response.uncork()
  })
}
