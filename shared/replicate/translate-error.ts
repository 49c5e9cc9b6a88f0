import { AppError, TransientError } from '../errors/app-error.ts'
import { type HttpAnswer, type HttpError, isHttpError } from '../http/http-error.ts'
import { type BackoffPolicy, backoffDelay } from '../retry/backoff.ts'
import { readProblem } from './problem.ts'
import {
  isReplicateError,
  type ReplicateError,
  ReplicateFinalError,
  ReplicateTransientError,
} from './replicate-error.ts'

export interface Circumstances {
  now: () => number
  random: () => number
}

/** Where a 429 does not say when: with little credit on the account it is 6 creations a minute (contract §1). */
const RATE_BACKOFF: BackoffPolicy = { baseMs: 20_000, factor: 1, maxMs: 20_000, jitter: 'equal', maxAttempts: 1 }

/**
 * Answers of something in front of Replicate that lost or gave up on what lies behind. The request may have been carried out.
 * A 500 or 503 is the service's own word that it was not.
 */
const GATEWAY_STATUSES = new Set([408, 502, 504, 520, 524])

/** The one place that knows what Replicate's statuses mean, and what the HTTP client's failures mean to a paid call. */
export function translateError(error: unknown, circumstances: Circumstances): unknown {
  if (isReplicateError(error)) return error
  if (isHttpError(error)) {
    return error.answer === null ? onTheWay(error) : refusal(error, error.answer, circumstances)
  }
  // The guard and the source of the token fail before anything is sent.
  if (error instanceof AppError) return unreachable(error, error.retryable)
  return error
}

/** An answer with a good status that is not what the contract promises. */
export function badAnswer(what: string, rest: { facts?: Record<string, unknown>; cause?: unknown }): ReplicateError {
  return new ReplicateTransientError({
    code: 'replicate.bad-answer',
    message: `Replicate's answer is not what its documentation promises (${what}).`,
    // Even a create that was answered with 201 is lost if its id cannot be read.
    delivery: 'unknown',
    ...rest,
  })
}

function onTheWay(error: HttpError): ReplicateError {
  if (error.delivery === 'not-sent') return unreachable(error, error.retryable)
  if (error.code === 'http.bad-json') return badAnswer('not JSON', { facts: error.facts, cause: error })
  return new ReplicateTransientError({
    code: 'replicate.answer-lost',
    message: "Replicate's answer was lost on the way.",
    delivery: 'unknown',
    facts: { ...error.facts, httpCode: error.code },
    cause: error,
  })
}

function unreachable(error: AppError, retryable: boolean): ReplicateError {
  const facts = { ...error.facts, httpCode: error.code }
  const init = { code: 'replicate.unreachable', delivery: 'not-sent', facts, cause: error } as const
  return retryable
    ? new ReplicateTransientError({
        ...init,
        message: 'Replicate could not be reached; it is tried again.',
        // Our own limiter knows until when Replicate wants no requests.
        retryAt: error instanceof TransientError ? error.retryAt : null,
      })
    : new ReplicateFinalError({
        ...init,
        message: 'Replicate could not be reached; check REPLICATE_BASE_URL and the network.',
      })
}

function refusal(error: HttpError, answer: HttpAnswer, { now, random }: Circumstances): ReplicateError {
  const { status } = answer
  const { said, invalidFields, retryAfterMs } = readProblem(answer.bodyText)
  const fields = invalidFields.length === 0 ? {} : { invalidFields }
  const facts = { ...error.facts, said, ...fields }
  const init = { delivery: 'answered', facts, cause: error } as const
  switch (status) {
    case 401:
    case 403:
      return new ReplicateFinalError({
        ...init,
        code: 'replicate.denied',
        message: 'Replicate does not accept the token; check REPLICATE_API_TOKEN.',
      })
    case 402:
      return new ReplicateFinalError({
        ...init,
        code: 'replicate.no-credit',
        message: 'The Replicate account has no credit left; buy credit and wait a few minutes.',
      })
    case 404:
    case 410:
      return new ReplicateFinalError({
        ...init,
        code: 'replicate.not-found',
        message: "Replicate does not have what it was asked for; check the model's name and version.",
      })
    case 400:
    case 413:
    case 422:
      return new ReplicateFinalError({
        ...init,
        code: 'replicate.refused',
        message: "Replicate does not accept the input or the model's version; check the model's settings.",
      })
    case 429: {
      const toldAt = error instanceof TransientError ? error.retryAt : null
      const waitMs = retryAfterMs ?? backoffDelay(RATE_BACKOFF, 1, random)
      return new ReplicateTransientError({
        ...init,
        code: 'replicate.rate-limited',
        message: 'Replicate takes no more requests for the moment; it is tried again.',
        retryAt: toldAt ?? new Date(now() + waitMs),
      })
    }
    default:
      break
  }
  if (GATEWAY_STATUSES.has(status)) {
    return new ReplicateTransientError({
      ...init,
      code: 'replicate.answer-lost',
      message: "Replicate's answer was lost behind a gateway.",
      delivery: 'unknown',
    })
  }
  if (status >= 500) {
    return new ReplicateTransientError({
      ...init,
      code: 'replicate.unavailable',
      message: 'Replicate has a fault of its own; it is tried again.',
      retryAt: error instanceof TransientError ? error.retryAt : null,
    })
  }
  return new ReplicateTransientError({
    ...init,
    code: 'replicate.bad-answer',
    message: `Replicate's answer is not what its documentation promises (status ${status}).`,
  })
}
