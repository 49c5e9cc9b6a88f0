import type { Config } from '#shared/config/environment.ts'
import type { QuotaLimit, QuotaName } from '#shared/documents/quotas.ts'

/** What each user may begin within a day. */
export function quotaLimits(
  config: Pick<
    Config<'api'>,
    | 'TRAININGS_PER_DAY'
    | 'FAILED_TRAININGS_PER_DAY'
    | 'TRAINING_COOLDOWN_MS'
    | 'GENERATIONS_PER_DAY'
    | 'FAILED_GENERATIONS_PER_DAY'
  >,
): Record<QuotaName, QuotaLimit> {
  return {
    trainings: {
      most: config.TRAININGS_PER_DAY,
      mostFailed: config.FAILED_TRAININGS_PER_DAY,
      cooldownMs: config.TRAINING_COOLDOWN_MS,
    },
    generations: {
      most: config.GENERATIONS_PER_DAY,
      mostFailed: config.FAILED_GENERATIONS_PER_DAY,
      cooldownMs: 0,
    },
  }
}
