import type { Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import { sendMail } from '#shared/documents/mail.ts'
import { readUsage, settleQuota, settleStorage } from '#shared/documents/quotas.ts'
import {
  isTrainingOver,
  readTraining,
  type Training,
  type TrainingChange,
  type TrainingStage,
  updateTraining,
} from '#shared/documents/trainings.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import { mailId, trainingMail } from './training-mail.ts'

export type TrainingEnd =
  /** `storedBytes`: what stays of it and counts as stored. */
  | { status: 'succeeded'; storedBytes: number; change: TrainingChange }
  | { status: 'failed'; stage: TrainingStage; code: string; message: string }
  /** By its owner. */
  | { status: 'canceled' }

/**
 * Ends a training in somebody's transaction: the document, the quota and the one mail, together. Reads first; a training that has
 * ended, or is gone, is left as it is. A failed one is refunded, and counted among the failed runs if its run was created; a
 * canceled one is refunded only if none was, for a run is billed and a cancel would else be a way to train without end.
 */
export async function endTraining(
  transaction: Transaction,
  db: Firestore,
  params: {
    trainingId: string
    end: TrainingEnd
    /** Reservations of storage that are no longer needed. */
    released?: readonly string[]
    /** Null for none. */
    mail: { collection: string; appUrl: string | null } | null
    now: Timestamp
  },
): Promise<Writes> {
  const { trainingId, end, mail, now, released = [] } = params
  const training = await readTraining(transaction, db, trainingId)
  if (training === null || isTrainingOver(training)) return () => {}
  const usage = await readUsage(transaction, db, training.userId)
  const isRefunded = end.status === 'failed' || (end.status === 'canceled' && training.replicateTrainingId === null)
  const writes = [
    updateTraining(db, trainingId, { ...changeOf(end), finishedAt: now }),
    settleQuota(db, usage, {
      quota: 'trainings',
      key: trainingId,
      as: isRefunded ? 'refunded' : 'committed',
      failedRuns: end.status === 'failed' && training.replicateTrainingId !== null ? 1 : 0,
    }),
    settleStorage(db, {
      userId: training.userId,
      released,
      addedBytes: end.status === 'succeeded' ? end.storedBytes : 0,
    }),
    mailOf(db, { training, end, mail }),
  ]
  return (writing) => {
    for (const write of writes) write(writing)
  }
}

function changeOf(end: TrainingEnd): TrainingChange {
  switch (end.status) {
    case 'succeeded':
      return { ...end.change, status: 'succeeded', stage: 'completion', progress: 1, error: null }
    case 'failed':
      return { status: 'failed', stage: end.stage, error: { code: end.code, message: end.message } }
    case 'canceled':
      return { status: 'canceled', error: { code: 'training.canceled', message: 'The training was canceled.' } }
    default:
      return end satisfies never
  }
}

/** Who cancels a training knows of it. */
function mailOf(
  db: Firestore,
  params: { training: Training; end: TrainingEnd; mail: { collection: string; appUrl: string | null } | null },
): Writes {
  const { training, end, mail } = params
  const { email, name } = training
  if (mail === null || email === null || end.status === 'canceled') return () => {}
  return sendMail(db, {
    collection: mail.collection,
    id: mailId(training.id),
    mail: trainingMail({ training: { name, email }, end, appUrl: mail.appUrl }),
  })
}
