import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '#shared/retry/sleep.ts'
import { createFaultQueue, dueFor } from '../fault-queue.ts'
import type { FileHost } from '../file-host/server.ts'
import { jsonAnswer, sendInstead, sendThrough } from '../stand-in-answer.ts'
import { startStandInServer } from '../stand-in-server.ts'
import { createAccount, LOCAL_CIVITAI_TOKEN } from './account.ts'
import { pageAnswer, redirectAnswer, refusalAnswer } from './answer.ts'
import { type Catalogue, createCatalogue } from './catalogue.ts'
import { type CivitaiEndpoint, type CivitaiFault, type CivitaiFaults, canHarm, faultOrder } from './faults.ts'
import type { FilePreferences } from './primary.ts'
import { PageRefusal, Refusal } from './refusal.ts'
import { findRoute, type RouteContext } from './routes.ts'

/** One call that the stand-in has seen. */
export interface CivitaiRequest {
  /** From 1, over all endpoints. */
  index: number
  endpoint: CivitaiEndpoint
  path: string
  /** As sent, a token left out. */
  query: string
  /** Whether it came with a token that the stand-in knows. */
  isSignedIn: boolean
  userAgent: string
  /** Null before the answer, and where there was none. */
  status: number | null
  /** The fault that it met. */
  fault: CivitaiFault['kind'] | null
}

export interface CivitaiStandInOptions {
  /** 0 takes a free one. */
  port?: number
  /** Where the files lie, on an origin of its own. */
  fileHost: Pick<FileHost, 'add' | 'locationOf'>
  tokens?: readonly string[]
  /** Of every signed-in account. */
  preferences?: FilePreferences
  /** Default: no limit. */
  requestsPerSecond?: number | null
  /** Redirects handed out in 24 h, per token. Default: no limit. */
  downloadsPerDay?: number | null
  /** How long a signed URL holds; the service gives 24 h. */
  urlLifeMs?: number
  now?: () => number
}

export interface CivitaiStandIn {
  /** The origin. The API is at `/api/v1`, downloads at `/api/download`. */
  url: string
  requests: readonly CivitaiRequest[]
  addModel: Catalogue['add']
  replaceFiles: Catalogue['replaceFiles']
  /** Serves a recorded answer of `/models/{id}` or `/model-versions/{id}`, its URLs with the stand-in's host. */
  addRecorded(answer: Record<string, unknown>): void
  inject: CivitaiFaults['inject']
  assertAllFired: CivitaiFaults['assertAllFired']
  /** Closes the connections too, hanging ones included. */
  close(): Promise<void>
}

/** What the edge takes for a script (contract §1). */
const LIBRARY_AGENT = /^(?:python-urllib|python-requests)/i
/** The API's answers on R2's behalf say 24 h (contract §5). */
const URL_LIFE_MS = 86_400_000

/** Starts a CivitAI stand-in on 127.0.0.1: models and downloads as the contract says, faults on demand. */
export async function startCivitai(options: CivitaiStandInOptions): Promise<CivitaiStandIn> {
  const { port = 0, fileHost, tokens = [LOCAL_CIVITAI_TOKEN], preferences = {}, now = Date.now } = options
  const { requestsPerSecond = null, downloadsPerDay = null, urlLifeMs: expiresInMs = URL_LIFE_MS } = options
  const account = createAccount({ tokens, requestsPerSecond, downloadsPerDay, now })
  const catalogue = createCatalogue(fileHost)
  const queue = createFaultQueue<CivitaiFault, CivitaiEndpoint>()
  const requests: CivitaiRequest[] = []
  const recorded = new Map<string, Record<string, unknown>>()
  const context: RouteContext = {
    catalogue,
    account,
    preferences,
    recorded,
    now,
    locationOf: (file) => fileHost.locationOf(file, { expiresInMs }),
    // The host that was asked; here there is one (contract §1).
    origin: () => server.url,
  }

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname
    const found = findRoute(path)
    if (found === null) {
      const isPage = /^\/(?:login|models\/|model-versions\/)/.test(path)
      return sendThrough(response, pageAnswer(isPage ? 200 : 404, isPage ? 'Sign in' : 'Page not found'), null)
    }
    const { route, id } = found
    const token = account.tokenOf(request, url)
    const seen = newRequest(request, url, { index: requests.length + 1, endpoint: route.endpoint })
    seen.isSignedIn = token !== null
    requests.push(seen)
    response.once('close', () => {
      seen.status = response.headersSent ? response.statusCode : null
    })
    const { fault, fire } = dueFor(
      queue.next(route.endpoint, (fault) => canHarm(fault, route.endpoint)),
      seen,
    )
    const page = (status: number) => pageAnswer(status, status === 200 ? 'Sign in' : 'Attention Required!')
    if (sendInstead({ response, fault, fire, page })) return
    if (fault?.kind === 'redirect') {
      fire()
      return sendThrough(response, redirectAnswer(fault.location), null)
    }
    if (fault?.kind === 'delay') {
      // Its harm is the waiting, also of a client that does not wait to the end.
      fire()
      await sleep(fault.ms, server.stopped)
    }

    if (seen.userAgent === '' || LIBRARY_AGENT.test(seen.userAgent)) throw new PageRefusal(403, 'Attention Required!')
    account.admit()
    if (request.method !== 'GET') throw new Refusal(405, { error: 'Method not allowed' })
    const { userAgent } = seen
    const answer = route.answer(context, { id, path, query: url.searchParams, token, userAgent, fault })
    fire()
    sendThrough(response, answer, fault)
  }

  const server = await startStandInServer({
    title: 'CivitAI stand-in',
    port,
    faults: queue,
    faultOrder,
    requests,
    serve,
    refuse(response, error) {
      if (error instanceof PageRefusal) sendThrough(response, pageAnswer(error.status, error.message), null)
      else if (error instanceof Refusal) sendThrough(response, refusalAnswer(error), null)
      else {
        const body = { message: 'An unexpected error occurred', error: String(error) }
        sendThrough(response, jsonAnswer(500, body), null)
      }
    },
  })

  return {
    url: server.url,
    requests,
    addModel: catalogue.add,
    replaceFiles: catalogue.replaceFiles,
    addRecorded(answer) {
      const text = JSON.stringify(answer).replaceAll(/https:\/\/(?:api\.)?civitai\.com\/api\//g, `${server.url}/api/`)
      const path = 'modelVersions' in answer ? 'models' : 'model-versions'
      recorded.set(`/api/v1/${path}/${answer.id}`, JSON.parse(text))
    },
    inject: queue.inject,
    assertAllFired: queue.assertAllFired,
    close: server.close,
  }
}

function newRequest(
  request: IncomingMessage,
  url: URL,
  { index, endpoint }: Pick<CivitaiRequest, 'index' | 'endpoint'>,
): CivitaiRequest {
  const query = new URLSearchParams(url.searchParams)
  query.delete('token')
  const userAgent = request.headers['user-agent'] ?? ''
  const path = url.pathname
  return { index, endpoint, path, query: query.toString(), isSignedIn: false, userAgent, status: null, fault: null }
}
