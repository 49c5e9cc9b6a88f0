import { CallerError, TransientError } from '#shared/errors/app-error.ts'
import { UndecodableEventError } from '#shared/events/event-error.ts'

/** The body of every answer that is not a success. */
export interface ErrorBody {
  error: { code: string; message: string; details: unknown }
}

export interface ErrorAnswer {
  status: number
  /** Only where the sender should come again. */
  retryAfterSeconds: number | null
  body: ErrorBody
}

/** Without a better hint; short, because only passing faults are answered so (DESIGN §2.5). */
const DEFAULT_RETRY_AFTER_SECONDS = 5
/** Longer waits are slept by tasks; a sender that obeys should not be told to stay away for days. */
const MAX_RETRY_AFTER_SECONDS = 600

export function errorBody(error: ErrorBody['error']): ErrorBody {
  return { error }
}

/**
 * The HTTP answer to anything thrown, decided here and nowhere else: a caller's mistake → its own status, a request
 * that can't be understood → 400, a passing fault → 503 with Retry-After, all else → 500 without a word of what it was.
 */
export function errorAnswer(error: unknown, now: Date): ErrorAnswer {
  if (error instanceof CallerError) {
    const { code, message, details } = error
    const retryAfterSeconds = error.retryAt && secondsUntil(error.retryAt, now)
    return { status: error.status, retryAfterSeconds, body: errorBody({ code, message, details }) }
  }
  if (error instanceof UndecodableEventError) {
    const { code, message, field } = error
    const details = field === null ? null : { field }
    return { status: 400, retryAfterSeconds: null, body: errorBody({ code, message, details }) }
  }
  if (error instanceof TransientError) {
    const { code, message } = error
    return { status: 503, retryAfterSeconds: retryAfter(error, now), body: errorBody({ code, message, details: null }) }
  }
  return unreadableRequest(error) ?? internalError()
}

function retryAfter(error: TransientError, now: Date): number {
  if (error.retryAt === null) return DEFAULT_RETRY_AFTER_SECONDS
  return Math.min(secondsUntil(error.retryAt, now), MAX_RETRY_AFTER_SECONDS)
}

function secondsUntil(time: Date, now: Date): number {
  return Math.max(Math.ceil((time.getTime() - now.getTime()) / 1000), 1)
}

/** What Express and its body parser throw before a route is reached: they carry a 4xx `status` and are not ours. */
function unreadableRequest(error: unknown): ErrorAnswer | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null
  const { status } = error
  if (typeof status !== 'number' || status < 400 || status > 499) return null
  const known =
    status === 413
      ? { code: 'request.too-large', message: 'The request body is larger than this service reads.' }
      : { code: 'request.unreadable', message: 'The request cannot be read.' }
  return { status, retryAfterSeconds: null, body: errorBody({ ...known, details: null }) }
}

function internalError(): ErrorAnswer {
  const message = 'Something unforeseen went wrong on our side.'
  return { status: 500, retryAfterSeconds: null, body: errorBody({ code: 'internal', message, details: null }) }
}
