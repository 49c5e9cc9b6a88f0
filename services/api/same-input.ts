import type { Firestore, Transaction } from '@google-cloud/firestore'
import { isTrainingOver, type Training, trainingsOfInput } from '#shared/documents/trainings.ts'

/** The same input asked again within it is offered what was made of it. */
const REUSE_MS = 24 * 60 * 60 * 1000

/** The user's newest other training of the same input that succeeded or goes on, if it was begun within a day. */
export async function findSameInput(
  transaction: Transaction | null,
  db: Firestore,
  sought: { training: Pick<Training, 'id' | 'userId'>; inputHash: string; now: Date },
): Promise<Training | null> {
  const { training, inputHash, now } = sought
  const sinceMs = now.getTime() - REUSE_MS
  const found = (await trainingsOfInput(transaction, db, { userId: training.userId, inputHash })).filter(
    (other) => other.id !== training.id && other.createdAt.toMillis() > sinceMs && isOfUse(other),
  )
  return found.toSorted((a, b) => b.createdAt.toMillis() - a.createdAt.toMillis())[0] ?? null
}

/** One that is about to be canceled will come to nothing. */
function isOfUse(training: Training): boolean {
  return training.status === 'succeeded' || (!isTrainingOver(training) && training.cancelRequestedAt === null)
}
