import type { IncomingHttpHeaders } from 'node:http'
import type { ReplicateEndpoint, ReplicateFault } from '../faults.ts'
import { Refusal } from '../refusal.ts'
import type { RunContext } from '../runs/create-run.ts'
import { type RunView, runObject } from '../runs/run-object.ts'
import type { Run, RunKind } from '../runs/runs.ts'
import type { ReplicateRequest } from '../seen-request.ts'
import { type Answer, jsonAnswer } from './answer.ts'

export interface RouteRequest {
  /** What the path names. */
  names: readonly string[]
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  fault: ReplicateFault | null
  seen: ReplicateRequest
}

export interface Route {
  method: string
  path: RegExp
  endpoint: ReplicateEndpoint
  /** Outputs are public in practice (contract §3). */
  isPublic?: boolean
  answer(context: RunContext, request: RouteRequest): Answer | Promise<Answer>
}

const PAGE_SIZE = 100

export function apiUrl(context: RunContext): string {
  return `${context.origin()}/v1`
}

export function notFound(): Refusal {
  return new Refusal(404, 'The requested resource could not be found.', { title: 'Not found' })
}

/**
 * The run that the path names. Stricter than the service: a training is not found among the predictions that its `urls`
 * point at.
 */
export function knownRun(context: RunContext, kind: RunKind, { names, seen }: RouteRequest): Run {
  const run = context.runs.get(names[0] ?? '')
  if (run?.kind !== kind) throw notFound()
  seen.runId = run.id
  return run
}

/** A run's object as of now. */
export function viewOf(context: RunContext, run: Run, view: RunView): Record<string, unknown> {
  const showsWebhook = view !== 'read' || context.showsWebhooks
  return runObject(run, { apiUrl: apiUrl(context), nowMs: context.clock.now(), view, showsWebhook })
}

export function shown(context: RunContext, run: Run, view: RunView): Answer {
  return jsonAnswer(200, viewOf(context, run, view))
}

/** A page of the account's runs, the newest first (contract §1). */
export function listed(context: RunContext, kind: RunKind, { query }: RouteRequest): Answer {
  const nowMs = context.clock.now()
  const newestFirst = [...context.runs.values()].filter((run) => run.kind === kind && run.listedAtMs <= nowMs).reverse()
  const start = Number(query.get('cursor') ?? 0)
  const pageUrl = (at: number): string => `${apiUrl(context)}/${kind}s?cursor=${at}`
  return jsonAnswer(200, {
    next: start + PAGE_SIZE < newestFirst.length ? pageUrl(start + PAGE_SIZE) : null,
    previous: start > 0 ? pageUrl(Math.max(0, start - PAGE_SIZE)) : null,
    results: newestFirst.slice(start, start + PAGE_SIZE).map((run) => viewOf(context, run, 'read')),
  })
}
