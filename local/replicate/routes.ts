import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, jsonAnswer } from './answer.ts'
import { createRun, type RunContext } from './create-run.ts'
import type { ReplicateEndpoint, ReplicateFault } from './faults.ts'
import { fileObject } from './files.ts'
import { Refusal } from './refusal.ts'
import { runObject } from './run-object.ts'
import type { Run } from './runs.ts'
import type { ReplicateRequest } from './server.ts'
import { spoil } from './spoil.ts'
import { storeUpload } from './upload.ts'

export interface RouteRequest {
  /** What the path names. */
  id: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  fault: ReplicateFault | null
  seen: ReplicateRequest
}

interface Route {
  method: string
  path: RegExp
  endpoint: ReplicateEndpoint
  /** Outputs are public in practice (contract §3). */
  isPublic?: boolean
  answer(context: RunContext, request: RouteRequest): Answer | Promise<Answer>
}

const PAGE_SIZE = 100

const ROUTES: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/predictions$/, endpoint: 'create', answer: create },
  { method: 'GET', path: /^\/v1\/predictions$/, endpoint: 'list', answer: list },
  {
    method: 'GET',
    path: /^\/v1\/predictions\/([^/]+)$/,
    endpoint: 'get',
    answer: (context, request) => shown(context, known(context, request)),
  },
  {
    method: 'POST',
    path: /^\/v1\/predictions\/([^/]+)\/cancel$/,
    endpoint: 'cancel',
    answer(context, request) {
      const run = known(context, request)
      const isDeaf = run.fault?.kind === 'never-ends' && run.fault.evenCanceled === true
      if (!isDeaf) run.end(run.startedAtMs === null ? 'aborted' : 'canceled')
      return shown(context, run)
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/files$/,
    endpoint: 'upload',
    async answer(context, { body, headers }) {
      const file = await storeUpload(context.uploads, { body, contentType: headers['content-type'] ?? '' })
      return jsonAnswer(201, fileObject(file, apiUrl(context)))
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/files$/,
    endpoint: 'file',
    answer(context) {
      const results = context.uploads.all().map((file) => fileObject(file, apiUrl(context)))
      return jsonAnswer(200, { next: null, previous: null, results })
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)$/,
    endpoint: 'file',
    answer(context, { id }) {
      const file = context.uploads.read(id)
      if (file === null) throw notFound()
      return jsonAnswer(200, fileObject(file, apiUrl(context)))
    },
  },
  {
    method: 'DELETE',
    path: /^\/v1\/files\/([^/]+)$/,
    endpoint: 'file',
    answer(context, { id }) {
      if (!context.uploads.remove(id)) throw notFound()
      return { status: 204, contentType: 'text/plain; charset=UTF-8', body: Buffer.alloc(0) }
    },
  },
  {
    method: 'GET',
    path: /^\/delivery\/([^/]+)\/[^/]+$/,
    endpoint: 'output',
    isPublic: true,
    async answer(context, { id, fault }) {
      const file = context.outputs.read(id)
      if (file === null) throw notFound()
      return await spoil({ status: 200, contentType: file.contentType, body: file.bytes }, fault)
    },
  },
]

export function findRoute(method: string, path: string): { route: Route; id: string } | null {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null
    if (match !== null) return { route, id: decodeURIComponent(match[1] ?? '') }
  }
  return null
}

async function create(context: RunContext, request: RouteRequest): Promise<Answer> {
  const { run, isHeld } = await createRun(context, request)
  const view = { apiUrl: apiUrl(context), nowMs: context.clock.now(), isCreation: true }
  const object = runObject(run, view)
  const applied = isHeld ? { 'preference-applied': 'wait' } : {}
  if (isHeld && run.fault?.kind === 'early-output' && run.status === 'succeeded') {
    const { completed_at: _, metrics: __, ...running } = object
    return jsonAnswer(201, { ...running, status: 'processing', output: inline(context, run.output) }, applied)
  }
  return jsonAnswer(201, object, applied)
}

/** Outputs as data URLs. */
function inline(context: RunContext, output: unknown): unknown {
  if (Array.isArray(output)) return output.map((entry) => inline(context, entry))
  const id = String(output).split('/').at(-2) ?? ''
  const file = context.outputs.read(id)
  return file === null ? output : `data:${file.contentType};base64,${file.bytes.toString('base64')}`
}

function list(context: RunContext, { query }: RouteRequest): Answer {
  const newestFirst = [...context.runs.values()].reverse()
  const start = Number(query.get('cursor') ?? 0)
  const page = newestFirst.slice(start, start + PAGE_SIZE)
  const pageUrl = (at: number): string => `${apiUrl(context)}/predictions?cursor=${at}`
  return jsonAnswer(200, {
    next: start + PAGE_SIZE < newestFirst.length ? pageUrl(start + PAGE_SIZE) : null,
    previous: start > 0 ? pageUrl(Math.max(0, start - PAGE_SIZE)) : null,
    results: page.map((run) =>
      runObject(run, { apiUrl: apiUrl(context), nowMs: context.clock.now(), isCreation: false }),
    ),
  })
}

function known(context: RunContext, { id, seen }: RouteRequest): Run {
  const run = context.runs.get(id)
  if (run === undefined) throw notFound()
  seen.runId = id
  return run
}

function shown(context: RunContext, run: Run): Answer {
  const view = { apiUrl: apiUrl(context), nowMs: context.clock.now(), isCreation: false }
  return jsonAnswer(200, runObject(run, view))
}

function apiUrl(context: RunContext): string {
  return `${context.origin()}/v1`
}

function notFound(): Refusal {
  return new Refusal(404, 'The requested resource could not be found.', { title: 'Not found' })
}
