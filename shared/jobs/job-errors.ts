import { type AppErrorInit, FinalError, TransientError } from '#shared/errors/app-error.ts'

/** The lease ran out or somebody claimed past us: nothing more may be written by this run. */
export class LeaseLostError extends TransientError {
  constructor(key: string) {
    super({
      code: 'job.lease-lost',
      message: `Another instance has taken over ${key}; this run stops.`,
      facts: { key },
    })
  }
}

/** The work has become pointless (a newer upload, a changed main image): it ends without being a failure. */
export class CanceledError extends FinalError {}

/** The job can't go on before something else has happened (another job's end). It rests until it is woken, at the latest until `until`. Not a failure, and the end of those before it. */
export class JobWaitsError extends TransientError {
  readonly until: Date

  constructor(init: AppErrorInit & { until: Date }) {
    super({ ...init, retryAt: init.until })
    this.until = init.until
  }
}

/** The instance is being shut down: what is stored stays, the rest is done by the next claim. Not a failure. */
export class ShutdownError extends TransientError {
  constructor() {
    super({ code: 'job.shutdown', message: 'The instance is shutting down; the job goes on elsewhere.' })
  }
}

/** This request has worked as long as one request may; the job goes on in another. Not a failure. */
export class BudgetSpentError extends TransientError {
  constructor(budgetMs: number) {
    super({
      code: 'job.budget-spent',
      message: `One request works at most ${budgetMs} ms; the job goes on in another.`,
    })
  }
}
