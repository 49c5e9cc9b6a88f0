import { CallerError } from '#shared/errors/app-error.ts'

/** What is not there, and what is another user's: nobody learns which. */
export function notFound(what: 'training' | 'generation' | 'model', id: string): CallerError {
  return new CallerError({ status: 404, code: `${what}.not-found`, message: `You have no ${what} ${id}.` })
}

/** A key that was used for something else. */
export function keyReused(): CallerError {
  return new CallerError({
    status: 409,
    code: 'request.key-reused',
    message: 'This Idempotency-Key belongs to another request of yours; take a new one.',
  })
}

/** Nothing more may be begun at the moment. `retryAt`: null where waiting alone makes no room. */
export function quotaSpent(init: {
  code: `quota.${'trainings' | 'generations' | 'failed-runs' | 'cooldown' | 'storage' | 'uploads'}`
  message: string
  retryAt: Date | null
}): CallerError {
  const { code, message, retryAt } = init
  return new CallerError({ status: 429, code, message, ...(retryAt === null ? {} : { retryAt }) })
}
