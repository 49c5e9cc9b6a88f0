import { type QuotaLimit, type QuotaName, roomFor, type Usage } from '#shared/documents/quotas.ts'
import { quotaSpent } from './refusals.ts'

const sentences: Record<QuotaName, string> = {
  trainings: 'You have begun as many trainings as a day allows.',
  generations: 'You have had as many pictures made as a day allows.',
}

const failures: Record<QuotaName, string> = {
  trainings: 'Too many of your trainings have failed within a day; see what their errors say.',
  generations: 'Too many of your pictures could not be made within a day; see what their errors say.',
}

/** Passes if the user may begin that much more. @throws CallerError 429 `quota.…` with when there will be room. */
export function requireRoom(
  usage: Usage,
  wish: { quota: QuotaName; key: string; amount: number; limit: QuotaLimit; now: Date },
): void {
  const room = roomFor(usage, wish)
  if (room.kind === 'room') return
  const { reason, retryAt } = room
  switch (reason) {
    case 'cooldown':
      throw quotaSpent({ code: 'quota.cooldown', message: 'The last one began a moment ago; wait a little.', retryAt })
    case 'failed':
      throw quotaSpent({ code: 'quota.failed-runs', message: failures[wish.quota], retryAt })
    case 'spent':
      throw quotaSpent({ code: `quota.${wish.quota}`, message: sentences[wish.quota], retryAt })
    default:
      throw reason satisfies never
  }
}
