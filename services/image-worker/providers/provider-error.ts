import { type AppErrorInit, FinalError, TransientError } from '#shared/errors/app-error.ts'

export interface ProviderErrorInit extends AppErrorInit {
  /**
   * Whose condition it is. `provider`: no credit, a refused key, down; another provider may well do the same picture.
   * `picture`: this provider does not take this picture; asking it again changes nothing.
   */
  scope: 'provider' | 'picture'
  /**
   * Whether it is known how the call ended. `false`: the work may have been done, and paid, and its result is lost to us.
   * A call that never left this machine counts as answered.
   */
  answered: boolean
}

/** A provider's failure that may pass. */
export class ProviderTransientError extends TransientError {
  readonly scope: ProviderErrorInit['scope']
  readonly answered: boolean

  constructor(init: ProviderErrorInit & { retryAt?: Date | null }) {
    super(init)
    this.scope = init.scope
    this.answered = init.answered
  }
}

/** A provider's refusal that asking again cannot change. */
export class ProviderFinalError extends FinalError {
  readonly scope: ProviderErrorInit['scope']
  readonly answered: boolean

  constructor(init: ProviderErrorInit) {
    super(init)
    this.scope = init.scope
    this.answered = init.answered
  }
}

export type ProviderError = ProviderTransientError | ProviderFinalError

export function isProviderError(error: unknown): error is ProviderError {
  return error instanceof ProviderTransientError || error instanceof ProviderFinalError
}

/** Whether a failed call is surely not a paid one with a lost answer. What we don't know (an abort in mid-call, a bug) may be. */
export function wasAnswered(error: unknown): boolean {
  return isProviderError(error) && error.answered
}
