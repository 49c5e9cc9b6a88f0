import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import { type Clock, createClock } from '../clock.ts'
import { createFaultQueue } from '../fault-queue.ts'
import { readBody, startStandInServer } from '../stand-in-server.ts'
import { createAccount, LOCAL_REPLICATE_TOKEN } from './account.ts'
import { failBeforeWork, sendRefusal, sendThrough } from './answer.ts'
import type { RunContext } from './create-run.ts'
import { endpointOf, faultOrder, type ReplicateEndpoint, type ReplicateFault, type ReplicateFaults } from './faults.ts'
import { createFileStore } from './files.ts'
import { Refusal } from './refusal.ts'
import { findRoute } from './routes.ts'
import type { RunTimes } from './runs.ts'

/** One call that the stand-in has seen. */
export interface ReplicateRequest {
  /** From 1, over all endpoints. */
  index: number
  endpoint: ReplicateEndpoint
  /** The fault that it met. */
  fault: ReplicateFault['kind'] | null
  /** The run that it created or was about. */
  runId: string | null
  /** Of a creation: the model, its input without the picture, how the picture came, and what it was once the run read it. */
  model: string | null
  input: Readonly<Record<string, unknown>>
  staged: 'inline' | 'file' | null
  picture: { contentType: string; width: number; height: number; hasAlpha: boolean; sizeBytes: number } | null
  /** Whether a run was created, answered or not: each is billed. */
  charged: boolean
}

/** Told around each answer, so that a test can kill a process at the k-th request. Awaited. */
export type ReplicateAnswerHook = (request: ReplicateRequest) => void | Promise<void>

export interface ReplicateOptions extends Partial<RunTimes> {
  /** 0 takes a free one. */
  port?: number
  tokens?: readonly string[]
  /** How many runs the account can pay. */
  credit?: number
  /** The service's own limit is 600; `null` turns it off. */
  runsPerMinute?: number | null
  /** Queues, runs, held calls and the hour after which outputs vanish pass on it. */
  clock?: Clock
  /** The work is done, nothing is sent yet. */
  beforeAnswer?: ReplicateAnswerHook
  /** The answer has left. */
  afterAnswer?: ReplicateAnswerHook
}

export interface ReplicateStandIn {
  /** The origin. The API is at `/v1`, outputs at `/delivery`. */
  url: string
  requests: readonly ReplicateRequest[]
  inject: ReplicateFaults['inject']
  assertAllFired: ReplicateFaults['assertAllFired']
  /** Closes the connections too, hanging ones included. */
  close(): Promise<void>
}

/** A file of 100 MiB and the form around it. */
const MAX_REQUEST_BYTES = 101 * 1024 * 1024
const DEFAULT_CREDIT = 100_000
/** A warm model; long enough that a held call is seen to be held. */
const DEFAULT_TIMES: RunTimes = { queueMs: 50, runMs: 200 }

/** Starts a Replicate stand-in on 127.0.0.1: predictions and files as the contract says, models that make real pictures, faults on demand. */
export async function startReplicate(options: ReplicateOptions = {}): Promise<ReplicateStandIn> {
  const { port = 0, tokens = [LOCAL_REPLICATE_TOKEN], credit = DEFAULT_CREDIT, clock = createClock() } = options
  const runsPerMinute = options.runsPerMinute === undefined ? 600 : options.runsPerMinute
  const account = createAccount({ tokens, credit, runsPerMinute, now: clock.now })
  const queue = createFaultQueue<ReplicateFault, ReplicateEndpoint>()
  const faults: ReplicateFaults = {
    ...queue,
    inject: (order) => queue.inject({ ...order, endpoint: endpointOf(order.fault) ?? order.endpoint }),
  }
  const requests: ReplicateRequest[] = []
  const context: RunContext = {
    clock,
    account,
    get stopped() {
      return server.stopped
    },
    times: { queueMs: options.queueMs ?? DEFAULT_TIMES.queueMs, runMs: options.runMs ?? DEFAULT_TIMES.runMs },
    uploads: createFileStore(clock, 'upload'),
    outputs: createFileStore(clock, 'output'),
    runs: new Map(),
    origin: () => server.url,
  }

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const found = findRoute(request.method ?? '', url.pathname)
    if (found === null) throw new Refusal(404, 'The requested resource could not be found.', { title: 'Not found' })
    const { route, id } = found
    const seen = newRequest(requests.length + 1, route.endpoint)
    requests.push(seen)
    // From the start: the client may be killed, and its connection closed, at any moment.
    const over = new Promise((resolve) => response.once('close', resolve))
    const body = await readBody(request, MAX_REQUEST_BYTES)
    if (body === null) throw new Refusal(413, 'Request entity too large')
    const due = faults.next(route.endpoint)
    const fault = due?.fault ?? null
    const fire = (): void => {
      due?.fire()
      seen.fault = fault?.kind ?? null
    }
    if (failBeforeWork(fault, response)) return fire()
    if (fault?.kind === 'delay') await sleep(fault.ms, server.stopped)

    const { headers } = request
    if (!route.isPublic) account.authenticate(headers.authorization)
    const answer = await route.answer(context, { id, query: url.searchParams, headers, body, fault, seen })
    await options.beforeAnswer?.(seen)
    fire()
    sendThrough(response, answer, fault)
    await over
    await options.afterAnswer?.(seen)
  }

  const server = await startStandInServer({
    title: 'Replicate stand-in',
    port,
    faults,
    faultOrder,
    requests,
    serve,
    refuse(response, error) {
      sendRefusal(response, error instanceof Refusal ? error : new Refusal(500, 'Internal server error'))
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

function newRequest(index: number, endpoint: ReplicateEndpoint): ReplicateRequest {
  return {
    index,
    endpoint,
    fault: null,
    runId: null,
    model: null,
    input: {},
    staged: null,
    picture: null,
    charged: false,
  }
}
