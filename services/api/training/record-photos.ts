import type { Firestore, Transaction } from '@google-cloud/firestore'
import { type Training, updateTraining } from '#shared/documents/trainings.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import { findSameInput } from '../same-input.ts'
import { trainingInputHash } from '../training-input.ts'
import type { PreparedPhotos } from './prepare-photos.ts'
import { readWanted } from './wanted.ts'

/**
 * Shows what the photos came to. Those of an archive are known only now, so that only now it can be told whether the same
 * were trained alike within a day; uploads were compared when the training was asked for.
 * @throws FinalError `training.same-input`
 */
export function recordPhotos(
  db: Firestore,
  params: { input: TrainingStartInput; photos: PreparedPhotos; now: Date },
): TransactionPart {
  const { input, photos, now } = params
  return async (transaction) => {
    const training = await readWanted(transaction, db, input.trainingId)
    const inputHash = training.inputHash ?? hashOf(training, photos)
    if (training.inputHash === null && !input.force) await refuseAgain(transaction, db, { training, inputHash, now })
    const { photoCount, sizeBytes: zipSizeBytes } = photos
    return updateTraining(db, training.id, { photoCount, zipSizeBytes, inputHash })
  }
}

function hashOf({ type, options, trainer }: Training, { sha256 }: PreparedPhotos): string {
  return trainingInputHash({ photos: [`zip-sha256:${sha256}`], type, options, trainer })
}

async function refuseAgain(
  transaction: Transaction,
  db: Firestore,
  sought: { training: Training; inputHash: string; now: Date },
): Promise<void> {
  const found = await findSameInput(transaction, db, sought)
  if (found === null) return
  throw new FinalError({
    code: 'training.same-input',
    message: `These photos were trained alike within a day: see “${found.name}” (training ${found.id}), or ask for it once more with force.`,
    facts: { trainingId: found.id },
  })
}
