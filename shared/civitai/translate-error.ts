import { FinalError, TransientError } from '../errors/app-error.ts'
import { type HttpAnswer, type HttpError, isHttpError } from '../http/http-error.ts'
import { THROTTLED_BACKOFF } from '../retry/backoff.ts'
import type { Circumstances, CivitaiError, Refused } from './refusal.ts'
import { readSaid } from './said.ts'

/**
 * The one place that knows what the HTTP client's failures and CivitAI's statuses mean. `nameRefusal` is the endpoint's own
 * table; what it leaves to null means the same at every endpoint. Errors that are typed already stay as they are.
 */
export function translateError(
  error: unknown,
  circumstances: Circumstances,
  nameRefusal: (refused: Refused) => CivitaiError | null,
): unknown {
  if (!isHttpError(error)) return error
  if (error.answer === null) return onTheWay(error)
  const refused = readRefused(error, error.answer, circumstances)
  return nameRefusal(refused) ?? commonRefusal(refused)
}

/** An answer that is not what the contract promises: usually something in front of the service that will pass. */
export function badAnswer(what: string, rest: { facts?: Record<string, unknown>; cause?: unknown }): TransientError {
  const message = `CivitAI's answer is not what its documentation promises (${what}); it is tried again.`
  return new TransientError({ code: 'civitai.bad-answer', message, ...rest })
}

function readRefused(error: HttpError, answer: HttpAnswer, circumstances: Circumstances): Refused {
  const said = readSaid(answer)
  return {
    status: answer.status,
    said,
    retryAt: error instanceof TransientError ? error.retryAt : null,
    rest: { facts: { ...error.facts, subject: circumstances.subject, said: said.text }, cause: error },
    circumstances,
  }
}

function onTheWay(error: HttpError): CivitaiError {
  const rest = { facts: { ...error.facts, httpCode: error.code }, cause: error }
  if (error.code === 'http.bad-json') return badAnswer('not JSON', rest)
  // Too large, packed: something answered, and it was not the API.
  if (error.answered && !error.retryable) return badAnswer(error.code, rest)
  if (error.retryable) {
    const message = 'CivitAI could not be reached or its answer broke off; it is tried again.'
    return new TransientError({ code: 'civitai.unreachable', message, ...rest })
  }
  const message = 'CivitAI could not be reached; check CIVITAI_BASE_URL and the network.'
  return new FinalError({ code: 'civitai.unreachable', message, ...rest })
}

function commonRefusal({ status, said, retryAt, rest, circumstances }: Refused): CivitaiError {
  const { subject, now, random } = circumstances
  if (status === 401) return unauthorized(circumstances, rest)
  if (status === 404) {
    const message = `CivitAI has no ${subject}; check the number, or whether it was removed.`
    return new FinalError({ code: 'civitai.not-found', message, ...rest })
  }
  if (status === 410) {
    const message = `CivitAI's ${subject} is archived and can no longer be loaded.`
    return new FinalError({ code: 'civitai.archived', message, ...rest })
  }
  if (status === 429) {
    // No Retry-After as a rule: the longest step of the backoff that the documentation asks for (contract §7).
    const waitMs = THROTTLED_BACKOFF.maxMs * (1 + random())
    return new TransientError({
      code: 'civitai.rate-limited',
      message: 'CivitAI takes no more requests for the moment; it is tried again.',
      retryAt: retryAt ?? new Date(now() + waitMs),
      ...rest,
    })
  }
  // The edge refuses with pages of its own, also for reasons that pass; the service itself speaks JSON.
  if (status >= 500 || status === 408 || (status === 403 && said.isHtml)) {
    return new TransientError({
      code: 'civitai.unavailable',
      message: 'CivitAI has a fault of its own; it is tried again.',
      retryAt,
      ...rest,
    })
  }
  if (status === 403) {
    const message = 'CivitAI refuses requests from this address or account; ask its support.'
    return new FinalError({ code: 'civitai.blocked', message, ...rest })
  }
  if (status >= 400) {
    const message = `CivitAI does not accept the question for ${subject}.`
    return new FinalError({ code: 'civitai.bad-request', message, ...rest })
  }
  return badAnswer(`status ${status}`, rest)
}

/** A token that is missing and one that is wrong get the same answer (contract §5); only we know which it was. */
export function unauthorized({ subject, isSignedIn }: Circumstances, rest: Refused['rest']): FinalError {
  if (isSignedIn) {
    const message =
      'CivitAI does not accept the token; check CIVITAI_API_KEY, or make a new key in the account settings.'
    return new FinalError({ code: 'civitai.bad-token', message, ...rest })
  }
  const message = `CivitAI gives ${subject} only to people who are logged in; set CIVITAI_API_KEY.`
  return new FinalError({ code: 'civitai.login-needed', message, ...rest })
}
