import { AppError, FinalError, TransientError } from '../errors/app-error.ts'
import { type HttpAnswer, type HttpError, isHttpError } from '../http/http-error.ts'
import { parseRateLimit } from '../http/rate-limit-header.ts'
import { type BackoffPolicy, backoffDelay } from '../retry/backoff.ts'
import { readRefusal } from './refusal.ts'
import {
  BAD_TOKEN,
  fileNotFound,
  type GatedReason,
  gatedSentence,
  repoNotFound,
  revisionNotFound,
  type Subject,
} from './sentences.ts'

export interface Circumstances {
  subject: Subject
  hasToken: boolean
  now: () => number
  random: () => number
}

/** Where a 429 does not say when: windows are five minutes long (contract §6), so seconds would only burn tries. */
const RATE_BACKOFF: BackoffPolicy = { baseMs: 60_000, factor: 1, maxMs: 60_000, jitter: 'equal', maxAttempts: 1 }

/** The one place that knows what the Hub's statuses and error codes mean (contract §5). */
export function translateError(error: unknown, circumstances: Circumstances): unknown {
  if (!isHttpError(error)) return error
  if (error.answer !== null) return translateRefusal(error, error.answer, circumstances)
  if (error.code === 'http.bad-json') return unavailable('answers with something that is not its API', error)
  if (error.code === 'http.too-large') return badAnswer('too large', { facts: error.facts, cause: error })
  const init = { code: 'huggingface.unreachable', facts: { ...error.facts, httpCode: error.code }, cause: error }
  return error.retryable
    ? new TransientError({ ...init, message: 'Hugging Face could not be reached; it is tried again.' })
    : new FinalError({ ...init, message: 'Hugging Face could not be reached; check HF_BASE_URL and the network.' })
}

/** An answer with a good status that is not what the contract promises. */
export function badAnswer(what: string, rest: { facts?: Record<string, unknown>; cause?: unknown } = {}): AppError {
  const message = `Hugging Face's answer is not what its documentation promises (${what}).`
  return new TransientError({ code: 'huggingface.bad-answer', message, ...rest })
}

/** Something else than the Hub answers, or the Hub is in trouble. */
export function unavailable(what: string, cause?: unknown): AppError {
  const facts = cause instanceof AppError ? cause.facts : {}
  const retryAt = cause instanceof TransientError ? cause.retryAt : null
  const message = `Hugging Face ${what}; it is tried again.`
  return new TransientError({ code: 'huggingface.unavailable', message, retryAt, facts, cause })
}

function translateRefusal(error: HttpError, answer: HttpAnswer, circumstances: Circumstances): AppError {
  const { status } = answer
  const { subject, hasToken } = circumstances
  const refusal = readRefusal(answer)
  const facts = { ...error.facts, ...subject, errorCode: refusal.code, said: refusal.said, hasToken }
  const final = (code: `huggingface.${string}`, message: string): FinalError =>
    new FinalError({ code, message, facts, cause: error })

  switch (refusal.code) {
    case 'RepoNotFound':
      return final('huggingface.not-found', repoNotFound(subject, hasToken))
    case 'RevisionNotFound':
      return final('huggingface.revision-not-found', revisionNotFound(subject))
    case 'EntryNotFound':
      return final('huggingface.file-not-found', fileNotFound(subject))
    case 'GatedRepo':
      return final('huggingface.gated', gatedSentence(subject, gatedReason(status, hasToken)))
    default:
      break
  }
  if (status === 429) return rateLimited(error, answer, { ...circumstances, facts })
  if (status >= 500 || status === 408 || status === 425) return unavailable('has a fault of its own', error)
  // A firewall's or a gateway's page, which says nothing of the model.
  if (refusal.isPage) return unavailable(`answers with a page (status ${status})`, error)
  // Only its words tell a repo that was taken down (contract §5).
  if (status === 403 && /access to this resource is disabled/i.test(refusal.said ?? '')) {
    return final('huggingface.disabled', `Hugging Face has taken ${subject.repo} down; it cannot be copied.`)
  }
  if (status === 401 && hasToken) return final('huggingface.bad-token', BAD_TOKEN)
  if (status === 401)
    return final('huggingface.denied', `Hugging Face gives ${subject.repo} only with a token; set HF_TOKEN.`)
  if (status === 403) {
    return final(
      'huggingface.denied',
      `Hugging Face does not let our token read ${subject.repo}; check its permissions.`,
    )
  }
  if (status === 404 || status === 410) return final('huggingface.not-found', repoNotFound(subject, hasToken))
  if (status >= 400) return final('huggingface.refused', `Hugging Face does not accept the request (status ${status}).`)
  return badAnswer(`status ${status}`, { facts, cause: error })
}

function rateLimited(
  error: HttpError,
  { headers }: HttpAnswer,
  { now, random, facts }: Circumstances & { facts: Record<string, unknown> },
): TransientError {
  const stated = error instanceof TransientError ? error.retryAt : null
  const told = [stated, parseRateLimit(headers.ratelimit, now())].flatMap((at) => at?.getTime() ?? [])
  const retryAtMs = told.length > 0 ? Math.max(...told) : now() + backoffDelay(RATE_BACKOFF, 1, random)
  return new TransientError({
    code: 'huggingface.rate-limited',
    message: 'Hugging Face takes no more requests for the moment; it is tried again.',
    retryAt: new Date(retryAtMs),
    facts: { ...facts, rateLimit: headers.ratelimit ?? null },
    cause: error,
  })
}

/** 401 comes without a token, and also with one that is no token at all; 403 with one that has no access (contract §5). */
function gatedReason(status: number, hasToken: boolean): GatedReason {
  if (!hasToken) return 'no-token'
  return status === 403 ? 'no-access' : 'token-or-access'
}
