import { isReplicateError, type ReplicateError, ReplicateTransientError } from './replicate-error.ts'

/**
 * What is known after a creation. `create-unknown`: it may have been carried out and is then a paid run whose id we
 * never learnt. Replicate has no idempotency key (contract §1), so it is looked for (`findRun`, webhooks) and never
 * simply made again.
 */
export type CreateOutcome<T> = { outcome: 'created'; run: T } | { outcome: 'create-unknown'; error: ReplicateError }

/**
 * Runs a creation, once. Throws what proves that nothing was created: the request was not sent, or refused (402, 404,
 * 422, 429 …). Any 5xx counts as unknown here: a gateway says 500 or 503 too when what lies behind it has died over the
 * request, and a wrong guess costs a second training, a right one only the search.
 */
export async function outcomeOfCreate<T>(
  create: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<CreateOutcome<T>> {
  signal?.throwIfAborted()
  try {
    return { outcome: 'created', run: await create() }
  } catch (error) {
    if (signal?.aborted) return { outcome: 'create-unknown', error: stoppedWaiting(error) }
    if (isReplicateError(error) && mayHaveCreated(error)) return { outcome: 'create-unknown', error }
    throw error
  }
}

function mayHaveCreated({ delivery, code }: ReplicateError): boolean {
  return delivery === 'unknown' || code === 'replicate.unavailable'
}

/** A shutdown stops us, not the request that is on its way. */
function stoppedWaiting(cause: unknown): ReplicateError {
  return new ReplicateTransientError({
    code: 'replicate.answer-lost',
    message: "Replicate's answer was not waited for.",
    delivery: 'unknown',
    cause,
  })
}
