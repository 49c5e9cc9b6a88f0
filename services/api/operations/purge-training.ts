import { doubtLedger } from '#shared/cache/count-bucket.ts'
import { generationRef, isGenerationOver, readGeneration } from '#shared/documents/generations.ts'
import { readUsage, settleQuota, settleStorage } from '#shared/documents/quotas.ts'
import { readTrainedModel, trainedModelRef } from '#shared/documents/trained-models.ts'
import { readTraining, trainingRef } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import { countedBytes, countedModelBytes, planTrainingPurge } from './plan-training-purge.ts'
import type { PurgeDeps } from './purge-places.ts'
import { stopTraining } from './stop-training.ts'

/** Firestore takes 500 writes in one transaction. */
const documentsAtOnce = 400

/**
 * Removes all that was made of a training: first whatever goes on, then the objects, then the documents, which are the last to know
 * where the objects lie. What is there is looked up now: it may have gone on since a person was shown a plan and asked. Ended in
 * the middle it can be repeated.
 * @throws TransientError `purge.under-way` when a job works on the training, which is then told to end it
 */
export async function purgeTraining(deps: PurgeDeps, { trainingId }: { trainingId: string }): Promise<void> {
  const { db, store } = deps
  await stopTraining(deps, await planTrainingPurge(deps, trainingId))
  const plan = await planTrainingPurge(deps, trainingId)
  for (const object of [...plan.uploads, ...plan.zips, ...plan.weights, ...plan.pictures, ...plan.temporaries]) {
    await store.remove(object, object.generation)
  }
  if (plan.weights.length > 0) await doubtLedger(db, deps.modelsBucket)
  // Before what they belong to: a purge that is repeated finds them by that alone.
  const belonging = [...plan.documents.map((path) => db.doc(path)), ...plan.jobIds.map((id) => jobRef(db, id))]
  for (let from = 0; from < belonging.length; from += documentsAtOnce) {
    const batch = db.batch()
    for (const ref of belonging.slice(from, from + documentsAtOnce)) batch.delete(ref)
    await batch.commit()
  }
  for (const id of plan.generationIds) await removeGeneration(deps, id)
  await removeModel(deps, trainingId)
  await trainingRef(db, trainingId).delete()
}

/** Removes the document and gives back what it was counted for, together: repeated, it is given back once. */
async function removeGeneration({ db }: PurgeDeps, id: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const generation = await readGeneration(transaction, db, id)
    if (generation === null) return
    const { userId, images } = generation
    const usage = await readUsage(transaction, db, userId)
    transaction.delete(generationRef(db, id))
    settleStorage(db, { userId, released: [], addedBytes: -countedBytes([generation]) })(transaction)
    // Its job, which would have done so, was ended.
    const made = { quota: 'generations', key: id, as: 'committed', amount: images.length } as const
    if (!isGenerationOver(generation)) settleQuota(db, usage, made)(transaction)
  })
}

/** Likewise. The collection is the app's too: what is no model of ours stays. */
async function removeModel({ db }: PurgeDeps, id: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const model = await readTrainedModel(transaction, db, id)
    const training = await readTraining(transaction, db, id)
    if (model === null) return
    transaction.delete(trainedModelRef(db, id))
    const addedBytes = -countedModelBytes(training, model)
    settleStorage(db, { userId: model.userId, released: [], addedBytes })(transaction)
  })
}
