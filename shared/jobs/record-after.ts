import { Timestamp } from '@google-cloud/firestore'
import { AppError, NotBeforeError, TransientError } from '#shared/errors/app-error.ts'
import type { JobLimits } from './claim.ts'
import { BudgetSpentError, CanceledError, JobWaitsError, ShutdownError } from './job-errors.ts'
import type { JobFailure, JobRecord } from './job-record.ts'
import { endedRecord, restingRecord } from './job-states.ts'

/** What becomes of a job whose run has thrown: canceled, failed for good, or put down for another claim. */
export function recordAfter(params: {
  job: JobRecord
  error: unknown
  now: Timestamp
  limits: Pick<JobLimits, 'maxFailures'>
}): JobRecord {
  const { job, error, now, limits } = params
  if (error instanceof CanceledError) {
    return endedRecord(job, {
      state: 'canceled',
      failure: { code: error.code, message: error.message, at: now },
      now,
    })
  }
  if (error instanceof ShutdownError) return restingRecord(job, { failure: null, retryAt: null, now })
  if (error instanceof BudgetSpentError) return restingRecord(job, { failure: null, retryAt: now, now })
  if (error instanceof JobWaitsError) {
    // It came as far as it can come for now: a failed look between many good ones, over a day of waiting, adds up to nothing.
    return restingRecord({ ...job, failures: 0 }, { failure: null, retryAt: Timestamp.fromDate(error.until), now })
  }
  const failure = failureOf(error, now)
  const final = error instanceof AppError && !error.retryable
  const retryAt = error instanceof TransientError && error.retryAt ? Timestamp.fromDate(error.retryAt) : null
  const tooOften = job.failures + 1 > limits.maxFailures
  const tooLate = (retryAt ?? now).toMillis() > job.deadlineAt.toMillis()
  if (final || tooOften || tooLate)
    return endedRecord({ ...job, lastFailure: failure }, { state: 'failed', failure, now })
  return restingRecord(job, { failure, retryAt, now })
}

function failureOf(error: unknown, now: Timestamp): JobFailure {
  if (error instanceof AppError) {
    const later = error instanceof NotBeforeError ? { retryAt: Timestamp.fromDate(error.retryAt) } : {}
    return { code: error.code, message: error.message, at: now, ...later }
  }
  return { code: 'internal', message: 'Something unforeseen went wrong on our side.', at: now }
}
