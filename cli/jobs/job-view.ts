import type { Timestamp } from '@google-cloud/firestore'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { type Output, table } from '../output.ts'

const time = (at: Timestamp | null) => at?.toDate().toISOString() ?? null

/** What people see of a failure whose document took no more. */
const untold = {
  status: 'only that it failed: its document has no room for the reason',
  nothing: 'nothing: its document takes no change',
}

/** A job for programs: without its input, which may hold signed URLs. */
export function jobView(id: string, job: JobRecord) {
  const { kind, subject, state, fence, claims, failures, credits, lostCalls, progress } = job
  const failureOf = (failure: JobRecord['failure']) =>
    failure && {
      code: failure.code,
      message: failure.message,
      at: time(failure.at),
      ...(failure.told ? { told: failure.told } : {}),
    }
  return {
    id,
    kind,
    subject,
    state,
    fence,
    claims,
    failures,
    failure: failureOf(job.failure),
    lastFailure: failureOf(job.lastFailure),
    leasedUntil: time(job.lease?.expiresAt ?? null),
    retryAt: time(job.retryAt),
    dueAt: time(job.dueAt),
    createdAt: time(job.createdAt),
    updatedAt: time(job.updatedAt),
    finishedAt: time(job.finishedAt),
    deadlineAt: time(job.deadlineAt),
    credits,
    lostCalls,
    progress,
    steps: stepsOf(job),
  }
}

/** One line of a list. */
export function jobRow(id: string, job: JobRecord): string[] {
  return [time(job.updatedAt) ?? '', job.kind, job.state, id, job.subject, (job.failure ?? job.lastFailure)?.code ?? '']
}

export function jobViewText(output: Output, id: string, job: JobRecord): string {
  const view = jobView(id, job)
  const colour = { failed: 'red', done: 'green' }[job.state as string] as 'red' | 'green' | undefined
  const failure = view.failure ?? view.lastFailure
  const rows: [string, string][] = [
    ['subject', view.subject],
    ['state', colour ? output.style(colour, view.state) : view.state],
    ['claims', `${view.claims}, failures since the last progress: ${view.failures}`],
    ...(failure
      ? ([['last failure', `${failure.code} at ${failure.at}: ${failure.message}`]] as [string, string][])
      : []),
    ...(failure?.told ? ([['told', untold[failure.told]]] as [string, string][]) : []),
    ...(view.leasedUntil ? ([['leased until', view.leasedUntil]] as [string, string][]) : []),
    ...(view.dueAt ? ([['looked after at', view.dueAt]] as [string, string][]) : []),
    ['created', view.createdAt ?? ''],
    ...(view.finishedAt ? ([['finished', view.finishedAt]] as [string, string][]) : []),
  ]
  const steps = view.steps.map((step) => [step.name, step.finishedAt, `${step.ms} ms`])
  return `${id}  ${view.kind}\n${table(rows, '  ')}${steps.length > 0 ? `\n  steps\n${table(steps, '    ')}` : ''}`
}

function stepsOf(job: JobRecord) {
  return Object.entries(job.steps)
    .map(([name, { startedAt, finishedAt }]) => ({
      name,
      finishedAt: finishedAt.toDate().toISOString(),
      ms: finishedAt.toMillis() - startedAt.toMillis(),
    }))
    .sort((one, other) => one.finishedAt.localeCompare(other.finishedAt))
}
