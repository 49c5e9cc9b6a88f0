import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import { type Clock, createClock } from '../clock.ts'
import { createFaultQueue, dueFor } from '../fault-queue.ts'
import { gatewayPage, sendInstead } from '../stand-in-answer.ts'
import { readBody, startStandInServer } from '../stand-in-server.ts'
import { createAccount, LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN, LOCAL_WEBHOOK_SECRET } from './account.ts'
import { endpointOf, faultOrder, type ReplicateEndpoint, type ReplicateFault, type ReplicateFaults } from './faults.ts'
import { createFileStore } from './files.ts'
import { createOwnModels } from './models/own-models.ts'
import { Refusal } from './refusal.ts'
import { injectedAnswer, sendRefusal, sendThrough } from './routes/answer.ts'
import { notFound, viewOf } from './routes/route.ts'
import { findRoute } from './routes/routes.ts'
import type { RunContext } from './runs/create-run.ts'
import { reviveRuns } from './runs/revive-runs.ts'
import { openRunBook } from './runs/run-book.ts'
import type { RunTimes } from './runs/runs.ts'
import { newRequest, type ReplicateRequest } from './seen-request.ts'
import { createWebhookSender, type WebhookAttempt } from './webhooks/webhook-sender.ts'

/** Told around each answer, so that a test can kill a process at the k-th request. Awaited. */
export type ReplicateAnswerHook = (request: ReplicateRequest) => void | Promise<void>

export interface ReplicateOptions extends Partial<RunTimes> {
  /** Of a training; the queue and the run are in waiting time. */
  trainingTimes?: Partial<RunTimes>
  /** `whsec_…`; `rotateWebhookSecret` changes it. */
  webhookSecret?: string
  /** Whether reading and listing runs shows their webhooks, which is not written. Default true. */
  showsWebhooks?: boolean
  /** 0 takes a free one. */
  port?: number
  /** Where models, runs and files lie; what is under way goes on at the next start. Default: nowhere, they end with it. */
  dataDir?: string
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
  /** Every try of every webhook. */
  webhooks: readonly WebhookAttempt[]
  /** Resolves when no webhook is under way; what waits on the clock is not. */
  webhooksSent(): Promise<void>
  /** From now on webhooks are signed with another secret, and the API tells that one. */
  rotateWebhookSecret(secret: string): void
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
/** Half an hour in a moment: long enough that a follower sees it under way. */
const DEFAULT_TRAINING_TIMES: RunTimes = { queueMs: 500, runMs: 4000 }

/**
 * Starts a Replicate stand-in on 127.0.0.1: predictions, trainings with their webhooks, models and files as the contract
 * says; pictures and weights that are real; faults on demand.
 */
export async function startReplicate(options: ReplicateOptions = {}): Promise<ReplicateStandIn> {
  const { port = 0, tokens = [LOCAL_REPLICATE_TOKEN], credit = DEFAULT_CREDIT, clock = createClock() } = options
  const { dataDir = null } = options
  const runsPerMinute = options.runsPerMinute === undefined ? 600 : options.runsPerMinute
  const account = createAccount({ tokens, credit, runsPerMinute, now: clock.now })
  const queue = createFaultQueue<ReplicateFault, ReplicateEndpoint>()
  const faults: ReplicateFaults = {
    ...queue,
    inject: (order) => queue.inject({ ...order, endpoint: endpointOf(order) }),
  }
  const requests: ReplicateRequest[] = []
  const webhooks: WebhookAttempt[] = []
  let webhookSecret = options.webhookSecret ?? LOCAL_WEBHOOK_SECRET
  const context: RunContext = {
    clock,
    account,
    get stopped() {
      return server.stopped
    },
    times: { queueMs: options.queueMs ?? DEFAULT_TIMES.queueMs, runMs: options.runMs ?? DEFAULT_TIMES.runMs },
    trainingTimes: { ...DEFAULT_TRAINING_TIMES, ...options.trainingTimes },
    ownModels: createOwnModels({ owner: LOCAL_REPLICATE_OWNER, dataDir }),
    uploads: createFileStore({ clock, kind: 'upload', dataDir }),
    outputs: createFileStore({ clock, kind: 'output', dataDir }),
    runs: new Map(),
    book: openRunBook(dataDir, clock.now()),
    showsWebhooks: options.showsWebhooks ?? true,
    webhookSecret: () => webhookSecret,
    notify: (run, event) => sender.notify(run, event),
    onEnd: (run, ending) => context.book.end(run.id, ending),
    origin: () => server.url,
  }

  const sender = createWebhookSender({
    clock,
    stopped: () => server.stopped,
    secret: () => webhookSecret,
    faults,
    bodyOf: (run) => viewOf(context, run, 'webhook'),
    attempts: webhooks,
  })

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const found = findRoute(request.method ?? '', url.pathname)
    if (found === null) throw notFound()
    const { route, names } = found
    const seen = newRequest(requests.length + 1, route.endpoint)
    requests.push(seen)
    // From the start: the client may be killed, and its connection closed, at any moment.
    const over = new Promise((resolve) => response.once('close', resolve))
    const body = await readBody(request, MAX_REQUEST_BYTES)
    if (body === null) throw new Refusal(413, 'Request entity too large')
    const { fault, fire } = dueFor(faults.next(route.endpoint), seen)
    if (sendInstead({ response, fault, fire, page: gatewayPage, injected: injectedAnswer })) return
    if (fault?.kind === 'delay') await sleep(fault.ms, server.stopped)

    const { headers } = request
    if (!route.isPublic) account.authenticate(headers.authorization)
    const answer = await route.answer(context, { names, query: url.searchParams, headers, body, fault, seen })
    if (fault?.kind === 'late-answer') await sleep(fault.ms, server.stopped)
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
  await reviveRuns(context, newRequest(0, 'create'))
  return {
    url: server.url,
    requests,
    webhooks,
    webhooksSent: sender.sent,
    rotateWebhookSecret(secret) {
      webhookSecret = secret
    },
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    async close() {
      await server.close()
      for (const kept of [context.book, context.ownModels, context.uploads, context.outputs]) kept.close()
    },
  }
}
