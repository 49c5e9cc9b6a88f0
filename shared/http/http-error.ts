import { type AppErrorInit, FinalError, TransientError } from '../errors/app-error.ts'

/**
 * How far a failed request had come. `not-sent`: no byte of it left us, so nothing was done or paid. `answered`: the status
 * line arrived. `unknown`: it may have been carried out; a call that costs money must count as one that perhaps did.
 */
export type Delivery = 'not-sent' | 'unknown' | 'answered'

/** The answer behind an `http.status` error, for the translator of that source. Not enumerable, so that no log prints it. */
export interface HttpAnswer {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  /** The first 64 KiB of the body as text. */
  bodyText: string
}

export interface HttpErrorInit extends AppErrorInit {
  code: `http.${string}`
  host: string
  delivery: Delivery
  status?: number | null
  requestId?: string | null
  answer?: HttpAnswer | null
}

/** A request that failed and may succeed later. */
export class HttpTransientError extends TransientError {
  readonly delivery: Delivery
  readonly status: number | null
  readonly #answer: HttpAnswer | null

  constructor(init: HttpErrorInit & { retryAt?: Date | null }) {
    super({ ...init, facts: httpFacts(init) })
    this.delivery = init.delivery
    this.status = init.status ?? null
    this.#answer = init.answer ?? null
  }

  /** Whether a status line arrived. */
  get answered(): boolean {
    return this.delivery === 'answered'
  }

  get answer(): HttpAnswer | null {
    return this.#answer
  }
}

/** A request that the same way can never succeed. */
export class HttpFinalError extends FinalError {
  readonly delivery: Delivery
  readonly status: number | null
  readonly #answer: HttpAnswer | null

  constructor(init: HttpErrorInit) {
    super({ ...init, facts: httpFacts(init) })
    this.delivery = init.delivery
    this.status = init.status ?? null
    this.#answer = init.answer ?? null
  }

  /** Whether a status line arrived. */
  get answered(): boolean {
    return this.delivery === 'answered'
  }

  get answer(): HttpAnswer | null {
    return this.#answer
  }
}

export type HttpError = HttpTransientError | HttpFinalError

/** Whether a thrown value came from the HTTP client's own translator. */
export function isHttpError(error: unknown): error is HttpError {
  return error instanceof HttpTransientError || error instanceof HttpFinalError
}

function httpFacts(init: HttpErrorInit): Record<string, unknown> {
  const { host, delivery, status = null, requestId = null, facts } = init
  return { ...facts, host, delivery, status, requestId }
}
