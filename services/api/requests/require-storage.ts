import { openUploads, storedBytes, type Usage } from '#shared/documents/quotas.ts'
import { quotaSpent } from './refusals.ts'

/** They are fields of one document, which has an end; five trainings of a hundred photos are enough to prepare. */
const MAX_OPEN_UPLOADS = 500

/**
 * Lets uploads on for which their owner has room. @throws CallerError 429 `quota.storage` or `quota.uploads`.
 */
export function requireStorage(
  usage: Usage,
  wish: { uploads: readonly { sizeBytes: number }[]; mostBytes: number; now: Date },
): void {
  const { uploads, mostBytes, now } = wish
  const open = openUploads(usage, now)
  const overCount = open.length + uploads.length - MAX_OPEN_UPLOADS
  if (overCount > 0) {
    throw quotaSpent({
      code: 'quota.uploads',
      message: 'You have too many uploads that no training has used; train with them first.',
      retryAt: open[overCount - 1]?.expireAt ?? null,
    })
  }
  if (mostBytes === 0) return
  let overBytes = uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, storedBytes(usage, now)) - mostBytes
  if (overBytes <= 0) return
  const enough = open.find(({ bytes }) => {
    overBytes -= bytes
    return overBytes <= 0
  })
  throw quotaSpent({
    code: 'quota.storage',
    message: 'Your photos, models and pictures would take more than you have room for; remove some first.',
    retryAt: enough?.expireAt ?? null,
  })
}
