import { TransientError } from '#shared/errors/app-error.ts'
import { JobWaitsError, LeaseLostError } from '#shared/jobs/job-errors.ts'

/** Outputs are removed an hour after the end (contract §3): after that nothing is left to be waited for. */
const KEPT_MS = 3_600_000
const AGAIN_AFTER_MS = 15_000

/**
 * What to throw for a fault on the way of something that is paid for: one that may pass is waited out as long as the thing is
 * kept, where a few failures in a row, of an outage of minutes, would else end it. Anything else is thrown as it is.
 */
export function waitOut(error: unknown, times: { endedAtMs: number; nowMs: number }): unknown {
  const { endedAtMs, nowMs } = times
  const mayPass = error instanceof TransientError && !(error instanceof LeaseLostError)
  if (!mayPass || nowMs - endedAtMs >= KEPT_MS) return error
  const { code, message, facts, retryAt } = error
  const until = new Date(Math.max(nowMs + AGAIN_AFTER_MS, retryAt?.getTime() ?? 0))
  return new JobWaitsError({ code, message, facts, cause: error, until })
}
