import type { ServerResponse } from 'node:http'
import type { ReplicateFault } from '../faults.ts'
import type { Refusal } from '../refusal.ts'

/** What a request is answered with, before a fault gets at it. */
export interface Answer {
  status: number
  contentType: string
  body: Buffer
  headers?: Readonly<Record<string, string>>
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  // Rates are told in headers on every answer (contract §1).
  const rates = { 'ratelimit-remaining': '2999', 'ratelimit-reset': '1' }
  return {
    status,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(value)),
    headers: { ...rates, ...headers },
  }
}

/** An answer that a test has ordered: a problem, or JSON of another shape with a good status. */
export function injectedAnswer(status: number, body: Readonly<Record<string, unknown>> = {}) {
  const detail = 'Injected by the test'
  if (status >= 300) return problemAnswer(status, { detail, status, ...body })
  const answer = jsonAnswer(status, { detail })
  return { ...answer, headers: { ...answer.headers, 'content-type': answer.contentType } }
}

/** Sends an answer, or what a fault on the way leaves of it. */
export function sendThrough(response: ServerResponse, answer: Answer, fault: ReplicateFault | null): void {
  if (fault?.kind === 'lost-answer') {
    response.socket?.resetAndDestroy()
  } else if (fault?.kind === 'cut-body') {
    writeHead(response, answer)
    response.write(answer.body.subarray(0, answer.body.byteLength >> 1), () => response.socket?.destroy())
  } else {
    send(response, answer)
  }
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = problemAnswer(refusal.status, refusal.body)
  response.writeHead(status, headers).end(body)
}

export function send(response: ServerResponse, answer: Answer): void {
  writeHead(response, answer)
  response.end(answer.body)
}

function writeHead(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
  response.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': body.byteLength })
}

function problemAnswer(status: number, problem: unknown) {
  return { status, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(problem) }
}
