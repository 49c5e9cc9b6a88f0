import type { DocumentReference, Transaction } from '@google-cloud/firestore'
import { doubtLedger } from '#shared/cache/count-bucket.ts'
import { type Generation, generationRef, isGenerationOver } from '#shared/documents/generations.ts'
import { settleStorage } from '#shared/documents/quotas.ts'
import { readTrainedModel, trainedModelRef } from '#shared/documents/trained-models.ts'
import { trainingRef } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import type { TrainingPurgePlan } from './plan-training-purge.ts'
import type { PurgeDeps } from './purge-places.ts'
import { stopTraining } from './stop-training.ts'

/** Firestore takes 500 writes in one transaction. */
const documentsAtOnce = 400

/**
 * Removes what `plan` names: first whatever goes on, then the objects, then the documents, which are the last to know where the
 * objects lie. Ended in the middle it can be repeated.
 * @throws TransientError `purge.under-way` when a job works on the training, which is then told to end it
 */
export async function purgeTraining(deps: PurgeDeps, plan: TrainingPurgePlan): Promise<void> {
  const { db, store } = deps
  await stopTraining(deps, plan)
  for (const object of [...plan.uploads, ...plan.zips, ...plan.weights, ...plan.pictures, ...plan.temporaries]) {
    await store.remove(object, object.generation)
  }
  if (plan.weights.length > 0) await doubtLedger(db, deps.modelsBucket)
  for (const id of plan.generationIds) await removeCounted(deps, plan, generationRef(db, id), bytesOfGeneration)
  await removeCounted(deps, plan, trainedModelRef(db, plan.trainingId), bytesOfModel)
  const rest = [
    ...plan.documents.map((path) => db.doc(path)),
    trainingRef(db, plan.trainingId),
    ...plan.jobIds.map((id) => jobRef(db, id)),
  ]
  for (let from = 0; from < rest.length; from += documentsAtOnce) {
    const batch = db.batch()
    for (const ref of rest.slice(from, from + documentsAtOnce)) batch.delete(ref)
    await batch.commit()
  }

  async function bytesOfModel(transaction: Transaction): Promise<number | null> {
    // The collection is the app's too: what is no model of ours stays.
    return (await readTrainedModel(transaction, db, plan.trainingId))?.sizeBytes ?? null
  }
}

async function bytesOfGeneration(transaction: Transaction, ref: DocumentReference): Promise<number | null> {
  const found = await transaction.get(ref)
  if (!found.exists) return null
  const generation = found.data() as Generation // Only `documents/generations.ts` writes the collection.
  if (!isGenerationOver(generation)) return 0
  return generation.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/** Removes a document and gives back what it was counted for, together: repeated, it is given back once. */
async function removeCounted(
  deps: PurgeDeps,
  plan: TrainingPurgePlan,
  ref: DocumentReference,
  bytesOf: (transaction: Transaction, ref: DocumentReference) => Promise<number | null>,
): Promise<void> {
  const { db } = deps
  await runTransaction(db, async (transaction) => {
    const bytes = await bytesOf(transaction, ref)
    if (bytes === null) return
    transaction.delete(ref)
    if (plan.userId === null) return
    settleStorage(db, { userId: plan.userId, released: [], addedBytes: -bytes })(transaction)
  })
}
