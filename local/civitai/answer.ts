import type { ServerResponse } from 'node:http'
import type { CivitaiFault } from './faults.ts'
import type { Refusal } from './refusal.ts'

/** What a request is answered with, before a fault gets at it. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

export function pageAnswer(status: number, title: string): Answer {
  const body = `<!DOCTYPE html><html><head><title>${title} | Civitai</title></head><body></body></html>`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}

/** How browsers are refused a download (contract §1). */
export function textAnswer(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text }
}

export function redirectAnswer(location: string): Answer {
  return { status: 307, headers: { ...(location === '' ? {} : { location }), 'cache-control': 'no-store' }, body: '' }
}

export function refusalAnswer(refusal: Refusal): Answer {
  return jsonAnswer(refusal.status, refusal.body)
}

/** What a fault answers in place of the service; null for those that let it work. */
export function answerInstead(fault: CivitaiFault | null): Answer | 'hang' | 'reset' | null {
  switch (fault?.kind) {
    case 'status': {
      const { status, html = false, headers = {}, body = { error: 'Injected by the test' } } = fault
      const answer = html ? pageAnswer(status, 'Attention Required!') : jsonAnswer(status, body)
      return { ...answer, headers: { ...answer.headers, ...headers } }
    }
    case 'html':
      return pageAnswer(200, 'Sign in')
    case 'json':
      return jsonAnswer(200, { error: 'Injected by the test' })
    case 'redirect':
      return redirectAnswer(fault.location)
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
  fault: CivitaiFault | null,
): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength })
  const half = bytes.subarray(0, bytes.byteLength >> 1)
  if (fault?.kind === 'stall') response.write(half)
  else if (fault?.kind === 'cut-body') response.write(half, () => response.socket?.destroy())
  else response.end(bytes)
}
