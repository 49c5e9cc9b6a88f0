import type { Firestore, Transaction } from '@google-cloud/firestore'
import { documentsError } from '#shared/documents/firestore.ts'
import { isTrainingOver, readTraining, type Training } from '#shared/documents/trainings.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'

/** The owner has asked for the end of a training that nothing was created for yet: the run ends it as canceled. */
export class CancelRequestedError extends CanceledError {
  constructor() {
    super({ code: 'training.canceled', message: 'The training was canceled.' })
  }
}

/** Nothing is left to be done for it, and nobody to be told. */
export class TrainingGoneError extends CanceledError {
  constructor() {
    super({ code: 'training.gone', message: 'The training was removed, or has ended.' })
  }
}

/** The training as it is now. @throws TrainingGoneError when it was removed. */
export async function readNow(db: Firestore, trainingId: string): Promise<Training> {
  const training = await readTraining(null, db, trainingId).catch((error: unknown) => {
    throw documentsError(error)
  })
  if (training === null) throw new TrainingGoneError()
  return training
}

/** Throws as `readWanted` does, by the training as it is now: for moments at which nothing is written. */
export async function checkWanted(db: Firestore, trainingId: string): Promise<void> {
  throwIfUnwanted(await readNow(db, trainingId))
}

/**
 * The training, if somebody still waits for it.
 * @throws TrainingGoneError when it was removed or has ended, CancelRequestedError when its owner wants it to.
 */
export async function readWanted(transaction: Transaction, db: Firestore, trainingId: string): Promise<Training> {
  const training = await readTraining(transaction, db, trainingId)
  if (training === null) throw new TrainingGoneError()
  throwIfUnwanted(training)
  return training
}

function throwIfUnwanted(training: Training): void {
  if (isTrainingOver(training)) throw new TrainingGoneError()
  if (training.cancelRequestedAt !== null) throw new CancelRequestedError()
}
