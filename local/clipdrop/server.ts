import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import { createFaultQueue, dueFor } from '../fault-queue.ts'
import { gatewayPage, sendInstead, sendThrough } from '../stand-in-answer.ts'
import { readBody, startStandInServer } from '../stand-in-server.ts'
import { createAccount, LOCAL_CLIPDROP_KEY } from './account.ts'
import { ENDPOINTS } from './endpoints.ts'
import { type ClipDropEndpoint, type ClipDropFault, type ClipDropFaults, faultOrder } from './faults.ts'
import { Refusal } from './refusal.ts'
import { errorAnswer, sendPicture } from './send-answer.ts'

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
/** 30 MB and some room for the form around it; a service's gateway cuts off what is larger. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024

/** Starts a ClipDrop stand-in on 127.0.0.1: both endpoints as the contract says, with real pictures, and faults on demand. */
export async function startClipDrop(options: ClipDropOptions = {}): Promise<ClipDropStandIn> {
  const { port = 0, keys = [LOCAL_CLIPDROP_KEY], credits = DEFAULT_CREDITS, now = Date.now } = options
  const requestsPerMinute = options.requestsPerMinute === undefined ? 60 : options.requestsPerMinute
  const account = createAccount({ keys, credits, requestsPerMinute, now })
  const faults = createFaultQueue<ClipDropFault, ClipDropEndpoint>()
  const requests: ClipDropRequest[] = []

  async function serve(request: IncomingMessage, response: ServerResponse, { pathname }: URL): Promise<void> {
    const endpoint = ENDPOINTS.find((one) => one.path === pathname)
    if (endpoint === undefined) throw new Refusal(404, 'Not found')
    if (request.method !== 'POST') throw new Refusal(405, 'Method not allowed')
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
    const body = await readBody(request, MAX_REQUEST_BYTES)
    if (body === null) throw new Refusal(413, 'Request entity too large')
    const { fault, fire } = dueFor(faults.next(endpoint.name), seen)
    const injected = (status: number) => errorAnswer(status, 'Injected by the test')
    if (sendInstead({ response, fault, fire, page: gatewayPage, injected })) return
    if (fault?.kind === 'delay') await sleep(fault.ms, server.stopped)

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

  const server = await startStandInServer({
    title: 'ClipDrop stand-in',
    port,
    faults,
    faultOrder,
    requests,
    serve,
    refuse(response, error) {
      const isRefusal = error instanceof Refusal
      const answer = isRefusal ? errorAnswer(error.status, error.message) : errorAnswer(500, 'Internal server error')
      sendThrough(response, answer, null)
    },
  })
  return {
    url: server.url,
    requests,
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    close: server.close,
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}
