/** What a failure carries besides its sentence. */
export interface AppErrorInit {
  /** Stable, dotted, machine-readable: `clipdrop.no-credits`. Tests and operators match on it, never on the message. */
  code: string
  /** One sentence for the person who must act. Never a secret, a signed URL or a stack. */
  message: string
  /** Facts for the operator's log: host, status, object, request id. */
  facts?: Readonly<Record<string, unknown>>
  cause?: unknown
}

/** Every failure that we foresee. The subclasses say what follows from it; the code says which one it is. */
export abstract class AppError extends Error {
  readonly code: string
  readonly facts: Readonly<Record<string, unknown>>
  /** Whether the same work may succeed later without anybody changing its input. */
  abstract readonly retryable: boolean

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = new.target.name
    this.code = init.code
    this.facts = init.facts ?? {}
  }
}

/** Trying again cannot help: bad input, a refused key, a rule that is broken. */
export class FinalError extends AppError {
  readonly retryable = false
}

/** Ends the work now; who has asked may ask again from `retryAt` on, because the other side said so (early access). */
export class NotBeforeError extends FinalError {
  readonly retryAt: Date

  constructor(init: AppErrorInit & { retryAt: Date }) {
    super(init)
    this.retryAt = init.retryAt
  }
}

/** A passing fault. `retryAt` is set where the other side said when (Retry-After). */
export class TransientError extends AppError {
  readonly retryable = true
  readonly retryAt: Date | null

  constructor(init: AppErrorInit & { retryAt?: Date | null }) {
    super(init)
    this.retryAt = init.retryAt ?? null
  }
}

/** An HTTP caller's mistake; the server answers `status` with the code, the message and `details`. */
export class CallerError extends AppError {
  readonly retryable = false
  readonly status: number
  readonly details: unknown
  /** From when on the same request may be good (429): told as Retry-After. */
  readonly retryAt: Date | null

  constructor(init: AppErrorInit & { status: number; details?: unknown; retryAt?: Date }) {
    super(init)
    this.status = init.status
    this.details = init.details ?? null
    this.retryAt = init.retryAt ?? null
  }
}

/** A bad environment: stops the start with a sentence that names the variable. */
export class ConfigError extends AppError {
  readonly retryable = false
}

/** The code of any thrown value, for logs and records. */
export function errorCode(error: unknown): string {
  return error instanceof AppError ? error.code : 'internal'
}
