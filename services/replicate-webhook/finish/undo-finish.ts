import type { Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import { type Generation, isGenerationOver, readGeneration, updateGeneration } from '#shared/documents/generations.ts'
import { settleStorage } from '#shared/documents/quotas.ts'
import { trainedModelRef } from '#shared/documents/trained-models.ts'
import { readTraining } from '#shared/documents/trainings.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { runCancelNames, type TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { samplesId } from '#shared/trainings/training-places.ts'

/**
 * What of a training that ends badly is taken back in the transaction that ends it: the model, its samples, also those that are
 * made and counted, and, where it may go on, the run at Replicate. Reads first; of one that has succeeded meanwhile nothing is.
 */
export async function undoFinish(
  transaction: Transaction,
  db: Firestore,
  params: { input: TrainingFinishInput; mayRunGoOn: boolean; deadlineMs: number; now: Timestamp },
): Promise<Writes> {
  const { input, mayRunGoOn, now, deadlineMs } = params
  const training = await readTraining(transaction, db, input.trainingId)
  if (training?.status === 'succeeded') return () => {}
  const generationId = samplesId(input.trainingId)
  const samples = await readGeneration(transaction, db, generationId)
  const cancelInput = { runId: input.runId, kind: 'training' } as const
  const isAsked = mayRunGoOn && (await transaction.get(runCancelRef(db, input))).exists
  const cancelRun = newJob(db, { names: runCancelNames, input: cancelInput, deadlineMs, now, dueAt: now })
  const error = { code: 'training.ended', message: 'The training of the model did not come to its end.' }
  const endSamples = updateGeneration(db, generationId, {
    status: 'canceled',
    images: [],
    error,
    finishedAt: now,
  })
  return (writing) => {
    writing.delete(trainedModelRef(db, input.trainingId))
    if (samples !== null && samples.status !== 'canceled') {
      endSamples(writing)
      uncount(db, samples)(writing)
    }
    if (mayRunGoOn && !isAsked) cancelRun.writes(writing)
  }
}

/** Pictures are counted at the end of their generation. */
function uncount(db: Firestore, samples: Generation): Writes {
  const images = isGenerationOver(samples) ? samples.images : []
  const bytes = images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return settleStorage(db, { userId: samples.userId, released: [], addedBytes: -bytes })
}

/** The job that ends the run at Replicate. */
export function runCancelRef(db: Firestore, input: TrainingFinishInput) {
  return jobRef(db, jobId(runCancelNames.key({ runId: input.runId, kind: 'training' })))
}
