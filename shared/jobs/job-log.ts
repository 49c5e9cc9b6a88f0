import type { AppError } from '#shared/errors/app-error.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { JobRecord } from './job-record.ts'

// Metrics, dashboards and alerts are made of these lines and their fields (infra/monitoring).

/** One line a step that is done, stored and not done again. */
export function logStep(logger: Logger, step: { step: string; durationMs: number }): void {
  logger.info(`Step ${step.step} is done.`, { event: 'job-step', ...step })
}

/** One line a job that is over, in whatever way. `error`: what its last run has thrown. */
export function logJobEnd(logger: Logger, job: JobRecord, error?: unknown): void {
  const { state, failure, claims, credits, createdAt, finishedAt } = job
  const lostCalls = Object.values(job.lostCalls).flatMap((byProvider) => Object.values(byProvider))
  const facts = {
    event: 'job-ended',
    state,
    code: failure?.code ?? null,
    ...(failure?.told ? { told: failure.told } : {}),
    /** From the moment that it was asked for, waits included. */
    durationMs: finishedAt ? finishedAt.toMillis() - createdAt.toMillis() : null,
    claims,
    credits,
    lostCalls: lostCalls.reduce((sum, count) => sum + count, 0),
  }
  if (state === 'failed') logger.error(`The job failed for good: ${failure?.message}`, { ...facts, error })
  else if (state === 'canceled') logger.info(`The job was canceled: ${failure?.message}`, facts)
  else logger.info('The job is done.', facts)
}

/** Beside the line of the end: the job is over, but what people see of it may be less than that. */
export function logRefusedEnd(logger: Logger, refusal: AppError): void {
  logger.error('The end of the job could not be written as it should: it was written with less.', {
    event: 'job-end-refused',
    code: refusal.code,
    error: refusal,
  })
}
