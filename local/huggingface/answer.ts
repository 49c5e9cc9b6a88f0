import type { ServerResponse } from 'node:http'
import type { HuggingFaceFault } from './faults.ts'
import type { Refusal } from './refusal.ts'

/** What a request is answered with, before a fault gets at it. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  }
}

export function pageAnswer(status: number): Answer {
  const page = '<!DOCTYPE html><html><head><title>Hugging Face</title></head><body>Please log in.</body></html>'
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(page) }
}

/** A redirect with the line of text that the Hub's have. */
export function redirectAnswer(status: 302 | 307, location: string, headers: Record<string, string> = {}): Answer {
  const verb = status === 302 ? 'Found' : 'Temporary Redirect'
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...(location === '' ? {} : { location }), ...headers },
    body: Buffer.from(`${verb}. Redirecting to ${location}`),
  }
}

export function refusalAnswer({ status, code, message, headers }: Refusal): Answer {
  const coded = code === null ? {} : { 'x-error-code': code }
  return jsonAnswer(status, { error: message }, { ...coded, 'x-error-message': message, ...headers })
}

/** What a fault answers in place of the service; null for those that let it work. */
export function answerInstead(fault: HuggingFaceFault | null): Answer | 'hang' | 'reset' | null {
  switch (fault?.kind) {
    case 'status': {
      const { status, html = false, headers = {}, body = { error: 'Injected by the test' } } = fault
      const answer = html ? pageAnswer(status) : jsonAnswer(status, body)
      const text = body === null && !html ? Buffer.alloc(0) : answer.body
      return { status, headers: { ...answer.headers, ...headers }, body: text }
    }
    case 'html':
      return pageAnswer(200)
    case 'json':
      return jsonAnswer(200, { error: 'Injected by the test' })
    case 'hang':
    case 'reset':
      return fault.kind
    default:
      return null
  }
}

/** Sends an answer, or what a fault on the way leaves of it. */
export function sendThrough(
  response: ServerResponse,
  { status, headers, body }: Answer,
  fault: HuggingFaceFault | null,
): void {
  response.writeHead(status, { ...headers, 'content-length': body.byteLength })
  const half = body.subarray(0, body.byteLength >> 1)
  // A HEAD has no body to cut; Node leaves it out.
  if (fault?.kind === 'stall') response.write(half)
  else if (fault?.kind === 'cut-body') response.write(half, () => response.socket?.destroy())
  else response.end(body)
}
