import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import { createFaultQueue, dueFor } from '../fault-queue.ts'
import type { FileHost } from '../file-host/server.ts'
import { jsonAnswer, sendInstead, sendThrough } from '../stand-in-answer.ts'
import { readBody, startStandInServer } from '../stand-in-server.ts'
import { callerOf, createRateWindow, LOCAL_HUGGINGFACE_TOKEN } from './account.ts'
import { pageAnswer, refusalAnswer } from './answer.ts'
import {
  canHarm,
  faultOrder,
  type HuggingFaceEndpoint,
  type HuggingFaceFault,
  type HuggingFaceFaults,
} from './faults.ts'
import { Refusal } from './refusal.ts'
import { createRepos, type Repos } from './repos.ts'
import { findRoute, type Route } from './routes.ts'
import { answerRoute, type ServiceContext } from './service.ts'

/** One call that the stand-in has seen. */
export interface HuggingFaceRequest {
  /** From 1, over all endpoints. */
  index: number
  method: string
  endpoint: HuggingFaceEndpoint
  repo: string
  revision: string | null
  /** Of a file or folder. */
  path: string
  query: string
  caller: 'anonymous' | 'unknown' | 'account'
  accept: string
  /** Null before the answer, and where there was none. */
  status: number | null
  /** The fault that it met. */
  fault: HuggingFaceFault['kind'] | null
}

export interface HuggingFaceStandInOptions {
  /** 0 takes a free one. */
  port?: number
  /** Where large files lie, on an origin of its own. */
  fileHost: Pick<FileHost, 'add' | 'locationOf'>
  tokens?: readonly string[]
  /** Requests in five minutes; the service's own numbers unless told otherwise, null for no end. */
  quotas?: { api: { anonymous: number; user: number }; resolvers: { anonymous: number; user: number } } | null
  /** How long a signed URL holds; the service gives an hour. */
  urlLifeMs?: number
  now?: () => number
}

export interface HuggingFaceStandIn {
  /** The origin: the API is at `/api`, files at `/{repo}/resolve/…`. */
  url: string
  requests: readonly HuggingFaceRequest[]
  addRepo: Repos['add']
  /** A new commit on a branch, with exactly these files. Returns its hash. */
  commit: Repos['commit']
  grantAccess: Repos['grant']
  inject: HuggingFaceFaults['inject']
  assertAllFired: HuggingFaceFaults['assertAllFired']
  /** Closes the connections too, hanging ones included. */
  close(): Promise<void>
}

/** Contract §6, anonymous and free accounts. */
const QUOTAS = { api: { anonymous: 500, user: 1_000 }, resolvers: { anonymous: 3_000, user: 5_000 } }
/** `X-Amz-Expires=3600` (contract §4). */
const URL_LIFE_MS = 3_600_000
const MAX_BODY_BYTES = 1024 * 1024

/** Starts a stand-in for the Hugging Face Hub on 127.0.0.1: repos, trees and files as the contract says, faults on demand. */
export async function startHuggingFace(options: HuggingFaceStandInOptions): Promise<HuggingFaceStandIn> {
  const { port = 0, fileHost, tokens = [LOCAL_HUGGINGFACE_TOKEN], now = Date.now } = options
  const { urlLifeMs: expiresInMs = URL_LIFE_MS, quotas = QUOTAS } = options
  const windows = {
    api: createRateWindow({ bucket: 'api', quota: quotas?.api ?? null, now }),
    resolvers: createRateWindow({ bucket: 'resolvers', quota: quotas?.resolvers ?? null, now }),
  }
  const faults = createFaultQueue<HuggingFaceFault, HuggingFaceEndpoint>()
  const requests: HuggingFaceRequest[] = []
  const repos = createRepos(fileHost)
  const context: ServiceContext = {
    repos,
    locationOf: (file) => fileHost.locationOf(file, { expiresInMs }),
    origin: () => server.url,
  }

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    response.setHeader('x-request-id', `Root=1-${randomUUID()}`)
    const route = findRoute(url.pathname)
    if (route === null) return sendThrough(response, pageAnswer(404), null)
    const caller = callerOf(request.headers.authorization, tokens)
    const seen = newRequest(request, { route, url, index: requests.length + 1, caller: caller.kind })
    requests.push(seen)
    response.once('close', () => {
      seen.status = response.headersSent ? response.statusCode : null
    })
    const body = (await readBody(request, MAX_BODY_BYTES)) ?? Buffer.alloc(0)
    const { fault, fire } = dueFor(
      faults.next(route.endpoint, (fault) => canHarm(fault, route.endpoint)),
      seen,
    )
    if (sendInstead({ response, fault, fire, page: pageAnswer })) return
    if (fault?.kind === 'delay') await sleep(fault.ms, server.stopped)

    const isFile = /^(?:resolve|resolve-cache|raw)$/.test(route.endpoint)
    const rates = windows[isFile ? 'resolvers' : 'api'].take(caller)
    for (const [name, value] of Object.entries(rates)) response.setHeader(name, value)
    const { method = '' } = request
    const { range = null } = request.headers
    const answer = answerRoute(context, route, { method, url, caller, range, accept: seen.accept, body, fault })
    fire()
    sendThrough(response, answer, fault)
  }

  const server = await startStandInServer({
    title: 'Hugging Face stand-in',
    port,
    faults,
    faultOrder,
    requests,
    serve,
    refuse(response, error) {
      const known = error instanceof Refusal
      sendThrough(response, known ? refusalAnswer(error) : jsonAnswer(500, { error: String(error) }), null)
    },
  })

  return {
    url: server.url,
    requests,
    addRepo: repos.add,
    commit: repos.commit,
    grantAccess: repos.grant,
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    close: server.close,
  }
}

function newRequest(
  { method = '', headers }: IncomingMessage,
  seen: { route: Route; url: URL; index: number; caller: HuggingFaceRequest['caller'] },
): HuggingFaceRequest {
  const { route, url, index, caller } = seen
  const accept = headers.accept ?? ''
  return { index, method, ...route, query: url.searchParams.toString(), caller, accept, status: null, fault: null }
}
