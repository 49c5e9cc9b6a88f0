import type { ServerResponse } from 'node:http'
import { z } from 'zod'

/** What a request to a stand-in is answered with, before a fault gets at it. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string | Buffer
}

/** What can go wrong on demand with any request to an API, whatever it is about. */
export const requestFaults = [
  /** Any status with any headers. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(300).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    /** Default `{error: 'Injected by the test'}`; null for none at all. */
    body: z.record(z.string(), z.unknown()).nullable().optional(),
    /** A gateway's page in place of the body. */
    html: z.boolean().optional(),
  }),
  /** A page with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  /** `{error}` with status 200. */
  z.strictObject({ kind: z.literal('json') }),
  /** Takes the request and never answers. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Takes the request and resets the connection. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
  /** The head of the right answer and half of its body, then silence until the client goes. */
  z.strictObject({ kind: z.literal('stall') }),
  /** The announced length, half of the body, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
] as const

export type RequestFault = z.infer<(typeof requestFaults)[number]>

const KINDS: ReadonlySet<string> = new Set(requestFaults.map((fault) => fault.shape.kind.value))

function isRequestFault(fault: { kind: string }): fault is RequestFault {
  return KINDS.has(fault.kind)
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

/** A gateway's page in place of a service's answer. */
export function gatewayPage(status: number): Answer {
  const page = '<!DOCTYPE html><html><head><title>Attention</title></head><body>Please come back later.</body></html>'
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }
}

/** Ends a request in place of the service, if the fault is one of that kind; `fire` is told before the client can notice. */
export function sendInstead(params: {
  response: ServerResponse
  fault: { kind: string } | null
  fire: () => void
  /** The service's page for a status. */
  page: (status: number) => Answer
  /** An injected answer in the service's form; `body` where the fault says one. */
  injected?: (status: number, body?: Readonly<Record<string, unknown>>) => Answer
}): boolean {
  const { response, fault, fire } = params
  const instead = fault === null || !isRequestFault(fault) ? null : answerInstead(fault, params)
  if (instead === null) return false
  fire()
  if (instead === 'reset') response.socket?.resetAndDestroy()
  else if (instead !== 'hang') sendThrough(response, instead, null)
  return true
}

function answerInstead(
  fault: RequestFault,
  { page, injected = injectedError }: Pick<Parameters<typeof sendInstead>[0], 'page' | 'injected'>,
): Answer | 'hang' | 'reset' | null {
  switch (fault.kind) {
    case 'status': {
      const { status, html = false, headers = {}, body } = fault
      const answer = html ? page(status) : injected(status, body ?? undefined)
      const text = body === null && !html ? '' : answer.body
      return { status, headers: { ...answer.headers, ...headers }, body: text }
    }
    case 'html':
      return page(200)
    case 'json':
      return injected(200)
    case 'hang':
    case 'reset':
      return fault.kind
    case 'delay':
    case 'stall':
    case 'cut-body':
      return null
  }
}

function injectedError(status: number, body: Readonly<Record<string, unknown>> = { error: 'Injected by the test' }) {
  return jsonAnswer(status, body)
}

/** Sends an answer, or what a fault on the way leaves of it. */
export function sendThrough(
  response: ServerResponse,
  { status, headers, body }: Answer,
  fault: { kind: string } | null,
): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength })
  // A HEAD has no body to cut; Node leaves it out.
  const half = bytes.subarray(0, bytes.byteLength >> 1)
  if (fault?.kind === 'stall') response.write(half)
  else if (fault?.kind === 'cut-body') response.write(half, () => response.socket?.destroy())
  else response.end(bytes)
}
