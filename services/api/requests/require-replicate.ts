import type { Config } from '#shared/config/environment.ts'
import { CallerError } from '#shared/errors/app-error.ts'

/** Trainings and generations need an account at Replicate. @throws CallerError 503 `training.not-configured` without one. */
export function requireReplicate(
  config: Pick<Config<'api'>, 'REPLICATE_API_TOKEN' | 'REPLICATE_OWNER' | 'REPLICATE_WEBHOOK_URL'>,
): void {
  const { REPLICATE_API_TOKEN, REPLICATE_OWNER, REPLICATE_WEBHOOK_URL } = config
  if (REPLICATE_API_TOKEN !== null && REPLICATE_OWNER !== null && REPLICATE_WEBHOOK_URL !== null) return
  throw new CallerError({
    status: 503,
    code: 'training.not-configured',
    message: 'Trainings and generations are not set up on this server.',
  })
}
