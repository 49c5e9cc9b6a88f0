import { type AppError, CallerError, FinalError } from '#shared/errors/app-error.ts'
import { createDeadline } from '#shared/registry/search/deadline.ts'

/** People wait, and a few requests for one answer may have to wait for their turn at CivitAI. */
const HUB_DEADLINE_MS = 15_000

/** What the hubs' clients refuse before or after they have asked: the person can mend it. */
const MISTAKE = /^(?:registry\.bad-source|civitai\.bad-(?:reference|id|hash)|huggingface\.bad-reference)$/
const NOT_THERE = /^(?:civitai|huggingface)\.(?:\w+-)?not-found$/

/**
 * Asks the hubs within a deadline. What is named wrongly, or is not there, is refused as `refuse` says; what a hub refuses for
 * good is a 424 with its code and sentence. Throws CallerErrors, and TransientErrors (503) as they are.
 */
export async function askingHubs<T>(
  work: (signal: AbortSignal) => Promise<T>,
  refuse: (failure: FinalError) => CallerError,
): Promise<T> {
  const deadline = createDeadline(HUB_DEADLINE_MS)
  try {
    return await work(deadline.signal)
  } catch (error) {
    if (!(error instanceof FinalError)) throw error
    throw isNamedWrongly(error) ? refuse(error) : sourceFailed(error)
  } finally {
    deadline.end()
  }
}

/** Whether what was named is no name, or of nothing. */
function isNamedWrongly({ code }: AppError): boolean {
  return MISTAKE.test(code) || NOT_THERE.test(code)
}

/** A part of the request that names what cannot be had. */
export function badSource({ code, message, facts }: FinalError): CallerError {
  return new CallerError({ status: 422, code, message, details: [{ path: 'source', message }], facts })
}

function sourceFailed(error: FinalError): AppError {
  const { code, message, facts } = error
  if (!/^(?:civitai|huggingface)\./.test(code)) return error
  return new CallerError({ status: 424, code, message, facts, cause: error })
}
