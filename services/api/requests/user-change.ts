import type { Firestore, Transaction } from '@google-cloud/firestore'
import { reading } from '#shared/documents/reading.ts'
import { runTransaction, type Writes } from '#shared/documents/transaction.ts'
import { errorCode } from '#shared/errors/app-error.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { retry } from '#shared/retry/retry.ts'
import type { ApiContext } from '../api-context.ts'

/** What a change comes to, and the writes that make it so; null where nothing is to be written. */
export interface Decision<T> {
  outcome: T
  writes: Writes | null
}

/** Many short looks: whoever holds the documents holds them for milliseconds. */
const CONTENTION_BACKOFF: BackoffPolicy = { baseMs: 25, factor: 2, maxMs: 1000, jitter: 'full', maxAttempts: 60 }
/** People wait for the answer; what has not come through by then is asked again by them. */
const CONTENTION_MS = 20_000

/**
 * One change of what a user has: in its turn within this process, and repeated while other instances get in its way.
 * `decide` reads, and may throw; it runs once without a transaction, so that what is refused, or done already, takes no
 * locks, and then inside.
 * @throws what `decide` throws; TransientError of the documents.
 */
export async function changeForUser<T>(
  context: Pick<ApiContext, 'queue'>,
  db: Firestore,
  change: { userId: string; decide: (transaction: Transaction | null) => Promise<Decision<T>> },
): Promise<T> {
  const once = async (): Promise<T> => {
    const seen = await reading(change.decide(null))
    if (seen.writes === null) return seen.outcome
    return await runTransaction(db, async (transaction) => {
      const { outcome, writes } = await change.decide(transaction)
      writes?.(transaction)
      return outcome
    })
  }
  return await context.queue.run(change.userId, () =>
    retry(once, {
      policy: CONTENTION_BACKOFF,
      deadlineAtMs: Date.now() + CONTENTION_MS,
      shouldRetry: (error) => errorCode(error) === 'documents.contention',
    }),
  )
}
