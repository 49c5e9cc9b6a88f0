import { AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { ObjectName } from './object-store.ts'

/** The HTTP status in an error of the Storage client, or null. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  const code = Number(error.code)
  return Number.isInteger(code) ? code : null
}

/** Statuses that another try cannot mend: the request itself is wrong. 401, 403 and 404 of a bucket are the operator's to mend, so the event must survive them. */
const refusals = new Set([400, 405, 411, 413, 416])

export function isRefusal(status: number): boolean {
  return refusals.has(status)
}

/** Translates what the Storage client throws. */
export function objectsError(error: unknown, object: ObjectName): AppError {
  if (error instanceof AppError) return error
  const status = statusOf(error)
  const facts = {
    bucket: object.bucket,
    name: object.name,
    status,
    reason: error instanceof Error ? error.message : String(error),
  }
  if (status !== null && isRefusal(status)) {
    return new FinalError({
      code: 'objects.refused',
      message: `Cloud Storage refused the operation (${status}).`,
      facts,
      cause: error,
    })
  }
  return new TransientError({
    code: 'objects.unavailable',
    message: 'Cloud Storage did not take the operation; it will be tried again.',
    facts,
    cause: error,
  })
}
