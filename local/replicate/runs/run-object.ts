import type { Run } from './runs.ts'

/** Where a run is shown: in the answer of its creation or cancellation, when it is read or listed, or in a webhook. */
export type RunView = 'created' | 'canceled' | 'read' | 'webhook'

/**
 * A run as the API shows it. Keys that have nothing to say yet are absent in the answer of the creation and null later, and a
 * time has other digits there (contract §3).
 */
export function runObject(
  run: Run,
  params: { apiUrl: string; nowMs: number; view: RunView; showsWebhook: boolean },
): Record<string, unknown> {
  const { apiUrl, nowMs, view, showsWebhook } = params
  const isRemoved = nowMs >= run.removedAtMs
  const isOver = run.completedAtMs !== null
  const isCreation = view === 'created'
  const { fault, webhook } = run
  const status = fault?.kind === 'unknown-status' && !isOver ? fault.status : run.status
  const later = {
    started_at: time(run.startedAtMs),
    completed_at: time(run.completedAtMs),
    output: isRemoved ? null : run.output,
    metrics: isOver ? metrics(run) : {},
  }
  const present = isCreation ? Object.entries(later).filter(([, value]) => !isNothing(value)) : Object.entries(later)
  const odd = fault?.kind === 'odd-fields' ? { metrics: 'none', error: { detail: [] }, data_removed: null } : {}
  // A training that is read points at trainings; its other answers, and webhooks, at predictions (contract §4).
  const ownUrl = `${apiUrl}/${run.kind === 'training' && view === 'read' ? 'trainings' : 'predictions'}/${run.id}`
  return {
    id: run.id,
    model: run.model,
    version: run.version,
    input: isRemoved ? {} : run.input,
    logs: isRemoved ? null : logs(run, view),
    data_removed: isRemoved,
    error: run.error,
    status,
    created_at: isCreation ? `${time(run.createdAtMs)?.slice(0, -1)}004134Z` : time(run.createdAtMs),
    urls: { cancel: `${ownUrl}/cancel`, get: ownUrl },
    ...Object.fromEntries(present),
    ...(run.kind === 'training' && (view === 'read' || view === 'canceled') ? { webhook_completed: null } : {}),
    ...(webhook !== null && showsWebhook ? { webhook: webhook.url } : {}),
    ...(webhook?.events && showsWebhook ? { webhook_events_filter: webhook.events } : {}),
    ...odd,
  }
}

/** Null while it runs, but for webhooks, which are there to tell them. */
function logs(run: Run, view: RunView): string | null {
  if (view === 'created') return ''
  if (view === 'webhook') return run.logs
  return run.completedAtMs === null || run.logs === '' ? null : run.logs
}

function metrics(run: Run): Record<string, number> {
  const endMs = run.completedAtMs ?? 0
  const total_time = (endMs - run.createdAtMs) / 1000
  // A run that never started still has a tiny time in recorded answers.
  if (run.startedAtMs === null) return { predict_time: 3e-6, total_time }
  return { predict_time: Math.max(3e-6, (endMs - run.startedAtMs) / 1000), total_time }
}

function time(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}

function isNothing(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value as object).length === 0)
}
