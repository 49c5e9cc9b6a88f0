import { FinalError, TransientError } from '#shared/errors/app-error.ts'

/** The source answers this client with a refusal although the location is fresh. */
export class SourceDeniedError extends TransientError {
  readonly status: number

  constructor(host: string, status: number, cause: unknown) {
    const missing = status === 404 || status === 410
    const message = missing
      ? `${host} says that it does not have the file (${status}).`
      : `${host} does not hand out the file (${status}).`
    super({ code: missing ? 'transfer.not-found' : 'transfer.denied', message, facts: { host, status }, cause })
    this.status = status
  }

  /** The same refusal of a file that could never be had. */
  asFinal(): FinalError {
    return new FinalError({ code: this.code, message: this.message, facts: this.facts, cause: this.cause })
  }
}

/** The source wants fewer requests, or fewer at once. */
export class SourceBusyError extends TransientError {
  constructor(host: string, status: number, retryAt: Date | null, cause: unknown) {
    const message = `${host} wants fewer requests (${status}).`
    super({ code: 'transfer.rate-limited', message, facts: { host, status }, retryAt, cause })
  }
}

/** The source sent the whole file where a range was asked for. */
export class NoRangesError extends TransientError {
  constructor(host: string) {
    super({ code: 'transfer.no-ranges', message: `${host} does not send parts of the file.`, facts: { host } })
  }
}

/** The file at the source is no longer the one that was begun. `etag` is its new one, where only that has changed. */
export class SourceChangedError extends TransientError {
  readonly etag: string | null

  constructor(facts: Record<string, unknown>, etag: string | null = null) {
    const message = 'The file changed at its source while it was copied; the copy begins again.'
    super({ code: 'transfer.source-changed', message, facts })
    this.etag = etag
  }
}

/** The answer's range is not the one that was asked for; nothing of it is kept. */
export function badRange(host: string, facts: Record<string, unknown>): TransientError {
  return new TransientError({
    code: 'transfer.bad-range',
    message: `${host} sent another part of the file than was asked for.`,
    facts: { host, ...facts },
  })
}

export function truncated(host: string, facts: Record<string, unknown>): TransientError {
  const message = `${host} ended the file before its end.`
  return new TransientError({ code: 'transfer.truncated', message, facts: { host, ...facts } })
}

export function tooLarge(sizeBytes: number, maxBytes: number): FinalError {
  const message = `The file has ${sizeBytes} bytes; at most ${maxBytes} are taken.`
  return new FinalError({ code: 'transfer.too-large', message, facts: { sizeBytes, maxBytes } })
}

export function emptyFile(): FinalError {
  return new FinalError({ code: 'transfer.empty', message: 'The file at the source is empty.' })
}

export function notAFile(host: string, kind: 'a web page' | 'a JSON answer'): FinalError {
  const message = `${host} sent ${kind} instead of the file; it may want a login, or the link is not one to a file.`
  return new FinalError({ code: 'transfer.not-a-file', message, facts: { host, kind } })
}

export function lengthUnknown(host: string): FinalError {
  return new FinalError({
    code: 'transfer.length-unknown',
    message: `${host} does not say how long the file is, so that nobody could tell a broken copy; give its SHA-256.`,
    facts: { host },
  })
}

/** A complete copy that is not what the source had said: worth one new try, since what lay between may have spoilt it. */
export function mismatch(params: {
  code: 'transfer.hash-mismatch' | 'transfer.size-mismatch'
  facts: Record<string, unknown>
  isLast: boolean
}): FinalError | TransientError {
  const { code, facts, isLast } = params
  const what = code === 'transfer.size-mismatch' ? 'The size of the file' : "The file's hash"
  const message = `${what} is not the one that its source states${isLast ? ', twice in a row' : '; it is copied anew'}.`
  return isLast ? new FinalError({ code, message, facts }) : new TransientError({ code, message, facts })
}

export function changesTooFast(cause: unknown): FinalError {
  const message = 'The file kept changing at its source while it was copied.'
  return new FinalError({ code: 'transfer.source-changed', message, cause })
}
