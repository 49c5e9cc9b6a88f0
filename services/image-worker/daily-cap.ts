import type { Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import { countDailyUse } from '#shared/documents/usage.ts'
import type { Admission } from '#shared/jobs/definition.ts'
import type { ImageInput } from './image-input.ts'

/**
 * Bounds the runs that a user begins on a day (UTC): a job that was let in reserves its place in the transaction that
 * begins it, once; past the cap it fails with the time of the next chance. What an operator asks for isn't counted.
 */
export async function withinDailyCap(
  db: Firestore,
  params: { admission: Admission; input: ImageInput; transaction: Transaction; now: Timestamp; perDay: number },
): Promise<Admission> {
  const { admission, input, transaction, now, perDay } = params
  if (admission.kind !== 'run' || perDay === 0 || isOperators(input)) return admission
  const use = await countDailyUse(transaction, db, { userId: input.userId, counter: 'images', most: perDay, now })
  if (use.kind === 'within') return { ...admission, writes: use.writes }
  const images = perDay === 1 ? 'one showcase image' : `${perDay} showcase images`
  return {
    kind: 'end',
    state: 'failed',
    code: 'image.daily-cap',
    message: `This account has had its ${images} of today; the next is possible after ${use.nextDay.toISOString()}.`,
    ...(admission.slot ? { slot: admission.slot } : {}),
  }
}

function isOperators(input: ImageInput): boolean {
  return input.source === 'main-image' && input.askedBy === 'operator'
}
