import type { Firestore, Transaction } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, type Training } from '#shared/documents/trainings.ts'
import type { TransactionPart, Writes } from '#shared/documents/transaction.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'

/** Its owner does not want the training any more; whoever works on it ends it as canceled. */
export class CancelRequestedError extends FinalError {
  constructor() {
    super({ code: 'training.cancel-requested', message: 'The training was canceled by its owner.' })
  }
}

/** @throws CancelRequestedError; CanceledError for a training that is gone, or over by somebody else's hand. */
export function checkWanted(training: Training | null): Training {
  if (training === null) throw new CanceledError({ code: 'training.gone', message: 'The training was removed.' })
  if (isTrainingOver(training)) {
    throw new CanceledError({ code: 'training.over', message: 'The training has ended already.' })
  }
  if (training.cancelRequestedAt !== null) throw new CancelRequestedError()
  return training
}

/** A part of a fenced transaction that goes through only while the training is wanted. */
export function whileWanted(
  db: Firestore,
  trainingId: string,
  part: (transaction: Transaction, training: Training) => Promise<Writes> | Writes,
): TransactionPart {
  return async (transaction) => {
    const training = checkWanted(await readTraining(transaction, db, trainingId))
    return await part(transaction, training)
  }
}
