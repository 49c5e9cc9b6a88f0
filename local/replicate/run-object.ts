import type { Run } from './runs.ts'

/**
 * A run as the API shows it. Keys that have nothing to say yet are absent in the answer of the creation and null later, and a
 * time has other digits there (contract §3).
 */
export function runObject(
  run: Run,
  view: { apiUrl: string; nowMs: number; isCreation: boolean },
): Record<string, unknown> {
  const { apiUrl, nowMs, isCreation } = view
  const isRemoved = nowMs >= run.removedAtMs
  const isOver = run.completedAtMs !== null
  const { fault } = run
  const status = fault?.kind === 'unknown-status' && !isOver ? fault.status : run.status
  const later = {
    started_at: time(run.startedAtMs),
    completed_at: time(run.completedAtMs),
    output: isRemoved ? null : run.output,
    metrics: isOver ? metrics(run) : {},
  }
  const present = isCreation ? Object.entries(later).filter(([, value]) => !isNothing(value)) : Object.entries(later)
  const odd = fault?.kind === 'odd-fields' ? { metrics: 'none', error: { detail: [] }, data_removed: null } : {}
  return {
    id: run.id,
    model: run.model,
    version: run.version,
    input: isRemoved ? {} : run.input,
    logs: isCreation ? '' : null,
    data_removed: isRemoved,
    error: run.error,
    status,
    created_at: isCreation ? `${time(run.createdAtMs)?.slice(0, -1)}004134Z` : time(run.createdAtMs),
    urls: { cancel: `${apiUrl}/predictions/${run.id}/cancel`, get: `${apiUrl}/predictions/${run.id}` },
    ...Object.fromEntries(present),
    ...odd,
  }
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
