import { FinalError, NotBeforeError, TransientError } from '../errors/app-error.ts'
import type { CivitaiError, Refused } from './refusal.ts'

/** The count behind it is of 24 hours; it ends whenever the oldest downloads fall out of it. */
const DOWNLOAD_LIMIT_RETRY_MS = 3_600_000
/** Some minutes: what hides a file for a moment is over then, and a file that is gone is not asked for many times. */
const MISSING_FILE_RETRY_MS = 60_000
/** Clocks differ, and a deadline that has just passed must not be asked for in a circle. */
const MIN_EARLY_ACCESS_WAIT_MS = 5 * 60_000

/** What the download endpoint refuses in ways of its own (contract §5). */
export function nameDownloadRefusal(refused: Refused): CivitaiError | null {
  const { status, said, retryAt, rest, circumstances } = refused
  const { subject, now } = circumstances
  const text = said.text ?? ''
  if (status === 401 && /disabled downloads/i.test(text)) {
    const message = `The creator of CivitAI's ${subject} has disabled its download.`
    return new FinalError({ code: 'civitai.downloads-disabled', message, ...rest })
  }
  if (status === 403 && /early access/i.test(text)) return earlyAccess(refused, said.deadline)
  if (status === 403 && /do not have access/i.test(text)) {
    const message = `The CivitAI account of CIVITAI_API_KEY has no access to ${subject}.`
    return new FinalError({ code: 'civitai.no-access', message, ...rest })
  }
  if (status === 404) {
    return new TransientError({
      code: 'civitai.file-not-found',
      message: `CivitAI does not find the file of ${subject}: it was removed, or the storage has a fault; it is tried again.`,
      retryAt: retryAt ?? new Date(now() + MISSING_FILE_RETRY_MS),
      ...rest,
    })
  }
  if (status === 429 && /unusual amount of downloading/i.test(text)) {
    return new TransientError({
      code: 'civitai.download-limit',
      message: 'CivitAI gives no more downloads to this account for today; it is tried again later.',
      retryAt: retryAt ?? new Date(now() + DOWNLOAD_LIMIT_RETRY_MS),
      ...rest,
    })
  }
  return null
}

/** Without a deadline it is for sale for good, as far as anybody says. */
export function earlyAccess({ rest, circumstances }: Pick<Refused, 'rest' | 'circumstances'>, deadline: Date | null) {
  const { subject, now } = circumstances
  const code = 'civitai.early-access'
  if (deadline === null) {
    const message = `CivitAI's ${subject} must be bought; buy it with the account of CIVITAI_API_KEY, then sync again.`
    return new FinalError({ code, message, ...rest })
  }
  const message = `CivitAI's ${subject} is in early access until ${deadline.toISOString()}; it is synced then.`
  const retryAt = new Date(Math.max(deadline.getTime(), now() + MIN_EARLY_ACCESS_WAIT_MS))
  return new NotBeforeError({ code, message, retryAt, ...rest })
}
