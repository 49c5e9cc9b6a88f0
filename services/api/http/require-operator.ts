import { CallerError } from '#shared/errors/app-error.ts'
import type { User } from '#shared/server/firebase-user.ts'

/** Lets operators on. @throws CallerError 403 `auth.operator-only`. */
export function requireOperator(user: Pick<User, 'isOperator'>): void {
  if (user.isOperator) return
  throw new CallerError({
    status: 403,
    code: 'auth.operator-only',
    message: 'Only operators may do this: the token needs the claim "operator", or ADMIN_UIDS its user.',
  })
}
