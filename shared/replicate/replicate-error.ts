import { type AppErrorInit, FinalError, TransientError } from '../errors/app-error.ts'
import type { Delivery } from '../http/http-error.ts'

export interface ReplicateErrorInit extends AppErrorInit {
  code: `replicate.${string}`
  /**
   * How far the request had come, and what we know of its end. `unknown`: a create may have been carried out, and is then a
   * paid job whose id we never learnt; Replicate offers no idempotency key, so the same create again would be a second one.
   */
  delivery: Delivery
}

/** A failure of Replicate or on the way to it that may pass. */
export class ReplicateTransientError extends TransientError {
  readonly delivery: Delivery

  constructor(init: ReplicateErrorInit & { retryAt?: Date | null }) {
    super({ ...init, facts: { ...init.facts, delivery: init.delivery } })
    this.delivery = init.delivery
  }
}

/** A refusal that asking again cannot change. */
export class ReplicateFinalError extends FinalError {
  readonly delivery: Delivery

  constructor(init: ReplicateErrorInit) {
    super({ ...init, facts: { ...init.facts, delivery: init.delivery } })
    this.delivery = init.delivery
  }
}

export type ReplicateError = ReplicateTransientError | ReplicateFinalError

export function isReplicateError(error: unknown): error is ReplicateError {
  return error instanceof ReplicateTransientError || error instanceof ReplicateFinalError
}
