import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Call } from './call.ts'
import type { ApiFailure } from './failure.ts'

/** What a handler answers. Every reply of the server leaves through `sendReply`. */
export interface Reply {
  status: number
  headers: OutgoingHttpHeaders
  body: Buffer | Readable | null
}

/** How a part of the API words its errors. */
export type Dialect = 'json' | 'xml' | 'text' | 'firebase'

export function json(value: unknown, status = 200, headers: OutgoingHttpHeaders = {}): Reply {
  const body = Buffer.from(JSON.stringify(value))
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8', ...headers }, body }
}

export function empty(status: number, headers: OutgoingHttpHeaders = {}): Reply {
  return { status, headers, body: null }
}

export function text(message: string, status: number): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: Buffer.from(message) }
}

/** The reply for a refusal, in the words of the API that was called. */
export function failureReply(failure: ApiFailure, dialect: Dialect): Reply {
  const { status, reason, message } = failure
  if (status === 304) return empty(304)
  switch (dialect) {
    case 'json':
      return json(
        { error: { code: status, message, errors: [{ message, domain: 'global', reason, ...located(failure) }] } },
        status,
      )
    case 'firebase':
      return json({ error: { code: status, message } }, status)
    case 'text':
      return text(message, status)
    case 'xml': {
      const xml = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${failure.xmlCode}</Code><Message>${escapeXml(message)}</Message></Error>`
      return { status, headers: { 'content-type': 'application/xml; charset=UTF-8' }, body: Buffer.from(xml) }
    }
    default:
      return dialect satisfies never
  }
}

function located({ location }: ApiFailure): object {
  return location === null ? {} : { locationType: location.type, location: location.name }
}

function escapeXml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Sends a reply; a reader that goes away in the middle is no failure of ours. */
export async function sendReply(reply: Reply, call: Call, response: ServerResponse): Promise<void> {
  const { status, headers, body } = reply
  if (response.destroyed) {
    if (body !== null && !Buffer.isBuffer(body)) body.destroy()
    return
  }
  if (Buffer.isBuffer(body)) {
    response.writeHead(status, { ...headers, 'content-length': body.byteLength })
    response.end(call.method === 'HEAD' ? undefined : body)
  } else if (body === null) {
    response.writeHead(status, status === 304 || status === 204 ? headers : { 'content-length': 0, ...headers })
    response.end()
  } else {
    response.writeHead(status, headers)
    await pipeline(body, response).catch((error: unknown) => {
      if (!response.destroyed) throw error
    })
  }
  // An unread rest of the body would block the connection for the next request.
  call.request.resume()
}
