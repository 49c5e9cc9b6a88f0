import { AppError } from '#shared/errors/app-error.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { type BackoffPolicy, backoffDelay } from '#shared/retry/backoff.ts'
import { type ProviderError, ProviderFinalError, ProviderTransientError } from '../provider-error.ts'

/** A refusal of ClipDrop, as it came over the wire. */
export interface ClipDropRefusal {
  status: number
  /** Its own words (`{"error": …}`), for the operator. */
  said: string | null
  /** From Retry-After, which ClipDrop does not document. */
  retryAt: Date | null
  nowMs: number
  random: () => number
}

/** The limit counts over a minute: an earlier try than half of that would most likely be the next refused one. */
const RATE_BACKOFF: BackoffPolicy = { baseMs: 60_000, factor: 1, maxMs: 60_000, jitter: 'equal', maxAttempts: 1 }

/** Answers of a gateway that gave up waiting for a call which may still be carried out, and paid. */
const GATEWAY_TIMEOUTS = new Set([408, 504, 524])

/** The one place that knows what ClipDrop's statuses mean (contract §1). */
export function refusalError(refusal: ClipDropRefusal): ProviderError {
  const { status, said, retryAt, nowMs, random } = refusal
  const facts = { status, said }
  const provider = { scope: 'provider', answered: true, facts } as const
  const picture = { scope: 'picture', answered: true, facts } as const
  switch (status) {
    case 402:
      return new ProviderFinalError({
        ...provider,
        code: 'clipdrop.no-credits',
        message: 'The ClipDrop account has no credits left; buy credits or configure another provider.',
      })
    case 401:
    case 403:
      return new ProviderFinalError({
        ...provider,
        code: 'clipdrop.denied',
        message: 'ClipDrop does not accept the API key; check CLIPDROP_API_KEY.',
      })
    case 400:
    case 413:
    case 422:
      return new ProviderFinalError({
        ...picture,
        code: 'clipdrop.refused',
        message: 'ClipDrop does not accept this picture; try another one, or the same as PNG or JPEG.',
      })
    case 404:
    case 405:
    case 406:
    case 410:
      return new ProviderFinalError({
        ...provider,
        code: 'clipdrop.changed',
        message: 'ClipDrop no longer offers what we ask it for; check CLIPDROP_BASE_URL or configure another provider.',
      })
    case 429:
      return new ProviderTransientError({
        ...provider,
        code: 'clipdrop.rate-limited',
        message: 'ClipDrop takes no more requests for the moment; it is tried again.',
        retryAt: retryAt ?? new Date(nowMs + backoffDelay(RATE_BACKOFF, 1, random)),
      })
    default:
      if (GATEWAY_TIMEOUTS.has(status)) return answerLost({ facts })
      if (status >= 500) {
        return new ProviderTransientError({
          ...provider,
          code: 'clipdrop.unavailable',
          message: 'ClipDrop has a fault of its own; it is tried again.',
          retryAt,
        })
      }
      return badAnswer(`status ${status}`, { answered: true, facts })
  }
}

/**
 * 200, but not the picture that the contract promises. Passing (a gateway's page, a cut body), and bounded by the job's
 * count of lost calls wherever it may have been paid (`answered: false`).
 */
export function badAnswer(
  what: string,
  rest: { answered: boolean; facts?: Readonly<Record<string, unknown>>; cause?: unknown },
): ProviderError {
  return new ProviderTransientError({
    code: 'clipdrop.bad-answer',
    message: `ClipDrop's answer is not the picture we asked for (${what}); it is tried again.`,
    scope: 'provider',
    ...rest,
  })
}

/** What the HTTP client throws, as a provider's failure. */
export function connectionError(error: unknown): unknown {
  if (isHttpError(error)) {
    const facts = { ...error.facts, httpCode: error.code }
    if (error.code === 'http.too-large') return badAnswer('too large', { answered: false, facts, cause: error })
    if (error.delivery === 'not-sent') return unreachable(error.retryable, { facts, cause: error })
    return answerLost({ facts, cause: error })
  }
  // The guard and the secret source fail before anything is sent.
  if (error instanceof AppError) return unreachable(error.retryable, { facts: error.facts, cause: error })
  return error
}

function answerLost(rest: { facts: Readonly<Record<string, unknown>>; cause?: unknown }): ProviderError {
  return new ProviderTransientError({
    code: 'clipdrop.answer-lost',
    message: "ClipDrop's answer was lost on the way; the call may be made once more.",
    scope: 'provider',
    answered: false,
    ...rest,
  })
}

function unreachable(
  retryable: boolean,
  rest: { facts: Readonly<Record<string, unknown>>; cause: unknown },
): ProviderError {
  const init = { code: 'clipdrop.unreachable', scope: 'provider', answered: true, ...rest } as const
  const message = 'ClipDrop could not be reached'
  return retryable
    ? new ProviderTransientError({ ...init, message: `${message}; it is tried again.` })
    : new ProviderFinalError({ ...init, message: `${message}; check CLIPDROP_BASE_URL and the network.` })
}
