import type { ProviderCall } from '../../../../../services/image-worker/providers/provider.ts'
import { isProviderError, type ProviderError } from '../../../../../services/image-worker/providers/provider-error.ts'

export function providerCall(signal: AbortSignal = new AbortController().signal): ProviderCall {
  return { signal, jobId: 'job-1' }
}

/** The provider's failure that a piece of work must end in; anything else is thrown. */
export async function providerFailure(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => new Error('did not fail'),
    (thrown) => thrown,
  )
  if (!isProviderError(error)) throw error
  return error
}
