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

const PAGE = '<!DOCTYPE html><html><head><title>Attention</title></head><body>Please come back later.</body></html>'

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

/** Ends a request without doing it, if the fault is one of that kind. Says whether it did. */
export function failBeforeWork(fault: ReplicateFault | null, response: ServerResponse): boolean {
  switch (fault?.kind) {
    case 'status':
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value)
      if (fault.html === true) sendPage(response, fault.status)
      else sendProblem(response, fault.status, { detail: 'Injected by the test', status: fault.status, ...fault.body })
      return true
    case 'html':
      sendPage(response, 200)
      return true
    case 'json':
      send(response, jsonAnswer(200, { detail: 'Injected by the test' }))
      return true
    case 'hang':
      return true
    case 'reset':
      response.socket?.resetAndDestroy()
      return true
    default:
      return false
  }
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
  sendProblem(response, refusal.status, refusal.body)
}

export function send(response: ServerResponse, answer: Answer): void {
  writeHead(response, answer)
  response.end(answer.body)
}

function writeHead(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
  response.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': body.byteLength })
}

function sendProblem(response: ServerResponse, status: number, problem: unknown): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
}

function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE)
}
