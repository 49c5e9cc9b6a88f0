import type { Firestore, Transaction } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, type Training } from '#shared/documents/trainings.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'

/** The owner has asked for the end of a training that nothing was created for yet: the run ends it as canceled. */
export class CancelRequestedError extends CanceledError {
  constructor() {
    super({ code: 'training.canceled', message: 'The training was canceled.' })
  }
}

/**
 * The training, if somebody still waits for it.
 * @throws CanceledError `training.gone` when it was removed or has ended, CancelRequestedError when its owner wants it to.
 */
export async function readWanted(
  transaction: Transaction | null,
  db: Firestore,
  trainingId: string,
): Promise<Training> {
  const training = await readTraining(transaction, db, trainingId)
  if (training === null || isTrainingOver(training)) {
    throw new CanceledError({ code: 'training.gone', message: 'The training was removed, or has ended.' })
  }
  if (training.cancelRequestedAt !== null) throw new CancelRequestedError()
  return training
}
