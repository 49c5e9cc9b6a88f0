import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sleep } from '#shared/retry/sleep.ts'
import { answerControl } from '../fault-control.ts'
import { createFaultQueue } from '../fault-queue.ts'
import { createAccount, LOCAL_CLIPDROP_KEY } from './account.ts'
import { ENDPOINTS, type Endpoint } from './endpoints.ts'
import { type ClipDropEndpoint, type ClipDropFault, type ClipDropFaults, faultOrder } from './faults.ts'
import { readRequestBody } from './read-form.ts'
import { Refusal } from './refusal.ts'
import { failBeforeWork, sendError, sendPicture } from './send-answer.ts'

/** One call that the stand-in has seen. */
export interface ClipDropRequest {
  /** From 1, over both endpoints. */
  index: number
  endpoint: ClipDropEndpoint
  /** The checked input; `null` where the request was refused before it was read. */
  input: { contentType: string; width: number; height: number; sizeBytes: number } | null
  fields: Readonly<Record<string, string>>
  /** The fault that it met. */
  fault: ClipDropFault['kind'] | null
  /** Whether the work was done and a credit taken, answered or not. */
  charged: boolean
}

/** Told around each answer, so that a test can kill a process at the k-th request. Awaited. */
export type AnswerHook = (request: ClipDropRequest) => void | Promise<void>

export interface ClipDropOptions {
  /** 0 takes a free one. */
  port?: number
  keys?: readonly string[]
  credits?: number
  /** The service's own limit is 60; `null` turns it off. */
  requestsPerMinute?: number | null
  /** The work is done and charged, nothing is sent yet. */
  beforeAnswer?: AnswerHook
  /** The answer has left. */
  afterAnswer?: AnswerHook
  now?: () => number
}

export interface ClipDropStandIn {
  url: string
  requests: readonly ClipDropRequest[]
  inject: ClipDropFaults['inject']
  assertAllFired: ClipDropFaults['assertAllFired']
  /** Closes the connections too, hanging ones included. */
  close(): Promise<void>
}

/** A new account has 100 credits for development (contract §1); a local stack should not run dry after a day. */
const DEFAULT_CREDITS = 100_000

/** Starts a ClipDrop stand-in on 127.0.0.1: both endpoints as the contract says, with real pictures, and faults on demand. */
export async function startClipDrop(options: ClipDropOptions = {}): Promise<ClipDropStandIn> {
  const { port = 0, keys = [LOCAL_CLIPDROP_KEY], credits = DEFAULT_CREDITS, now = Date.now } = options
  const requestsPerMinute = options.requestsPerMinute === undefined ? 60 : options.requestsPerMinute
  const account = createAccount({ keys, credits, requestsPerMinute, now })
  const faults = createFaultQueue<ClipDropFault, ClipDropEndpoint>()
  const requests: ClipDropRequest[] = []
  const stopped = new AbortController()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const path = url.split('?', 1)[0] ?? ''
    if (path === '/' && method === 'GET') {
      response.end('ClipDrop stand-in')
    } else if (path.startsWith('/_control/')) {
      answerControl({ method, path, body: await readRequestBody(request), response, faults, faultOrder, requests })
    } else {
      const endpoint = ENDPOINTS.find((one) => one.path === path)
      if (endpoint === undefined) throw new Refusal(404, 'Not found')
      if (method !== 'POST') throw new Refusal(405, 'Method not allowed')
      await serve(endpoint, request, response)
    }
  }

  async function serve(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen: ClipDropRequest = {
      index: requests.length + 1,
      endpoint: endpoint.name,
      input: null,
      fields: {},
      fault: null,
      charged: false,
    }
    requests.push(seen)
    // From the start: the client may be killed, and its connection closed, at any moment.
    const over = new Promise((resolve) => response.once('close', resolve))
    const body = await readRequestBody(request)
    const due = faults.next(endpoint.name)
    const fault = due?.fault ?? null
    const fire = (): void => {
      due?.fire()
      seen.fault = fault?.kind ?? null
    }
    if (failBeforeWork(fault, response)) return fire()
    if (fault?.kind === 'delay') await sleep(fault.ms, stopped.signal)

    account.admit(header(request, 'x-api-key'))
    const contentType = header(request, 'content-type') ?? ''
    const { form, picture } = await endpoint.answer({ body, contentType, accept: header(request, 'accept') ?? '' })
    const { contentType: type, width, height, bytes } = form.picture
    Object.assign(seen, {
      input: { contentType: type, width, height, sizeBytes: bytes.byteLength },
      fields: form.fields,
    })
    const charged = account.charge()
    seen.charged = true
    await options.beforeAnswer?.(seen)
    fire()
    await sendPicture({ response, picture, credits: charged, fault })
    await over
    await options.afterAnswer?.(seen)
  }

  const server = http.createServer((request, response) => {
    handle(request, response).catch((error) => {
      if (response.headersSent || response.destroyed) response.destroy()
      else if (error instanceof Refusal) sendError(response, error.status, error.message)
      else sendError(response, 500, 'Internal server error')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    async close() {
      stopped.abort(new Error('The stand-in is closed'))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}
