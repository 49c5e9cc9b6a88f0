import type { Firestore } from '@google-cloud/firestore'
import { type TrainingStage, type TrainingStatus, updateTraining } from '#shared/documents/trainings.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import { readWanted } from './wanted.ts'

/** Shows where a training is, as long as it is wanted: the part that opens a step. */
export function enterStage(
  db: Firestore,
  trainingId: string,
  now: { status: TrainingStatus; stage: TrainingStage },
): TransactionPart {
  return async (transaction) => {
    const { status, stage } = await readWanted(transaction, db, trainingId)
    return status === now.status && stage === now.stage ? () => {} : updateTraining(db, trainingId, now)
  }
}
