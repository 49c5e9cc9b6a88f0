import type { DocumentReference, Firestore } from '@google-cloud/firestore'
import { doubtLedger } from '#shared/cache/count-bucket.ts'
import { releaseRoom } from '#shared/cache/reserve-room.ts'
import { readGeneration } from '#shared/documents/generations.ts'
import { readTraining } from '#shared/documents/trainings.ts'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { generationPrefix, samplesId, trainingZipName, weightsName } from '#shared/trainings/training-places.ts'
import { runCancelRef } from './undo-finish.ts'
import { finishWorkPrefix } from './work-places.ts'

export interface FinishCleaning {
  db: Firestore
  store: ObjectStore
  jobs: Pick<JobRequests, 'wake'>
  /** Where sample pictures lie. */
  appBucket: string
  modelsBucket: string
  workBucket: string
}

/**
 * Removes what a training that is over no longer needs: parts, the photos' archive, and the weights of one that did not
 * succeed. Has its run canceled where that is still to be done. May be repeated.
 */
export async function cleanUpFinish(parts: FinishCleaning, input: TrainingFinishInput, jobId: string): Promise<void> {
  const { db, store, modelsBucket, workBucket } = parts
  const named = { userId: input.userId, id: input.trainingId }
  await wakeLive(parts, runCancelRef(db, input))
  await removeBelow(store, { bucket: modelsBucket, prefix: finishWorkPrefix(jobId) })
  await store.remove({ bucket: workBucket, name: trainingZipName(named) })
  const training = await readTraining(null, db, input.trainingId)
  const cache = { db, bucket: modelsBucket }
  if (training?.status === 'succeeded') {
    await releaseRoom(cache, jobId)
    return
  }
  // Where the training itself was removed, nobody's list names them any more.
  const weights = { bucket: modelsBucket, name: weightsName(named) }
  const wasThere = (await store.stat(weights)) !== null
  await store.remove(weights)
  await releaseRoom(cache, jobId)
  // They may have been counted already.
  if (wasThere) await doubtLedger(db, modelsBucket)
  await removeSamples(parts, input)
}

/** Pictures of samples that were canceled with their training; the job that made them sees that, and stops its predictions. */
async function removeSamples(parts: FinishCleaning, input: TrainingFinishInput): Promise<void> {
  const { db, store, appBucket: bucket } = parts
  const generationId = samplesId(input.trainingId)
  const samples = await readGeneration(null, db, generationId)
  if (samples?.status !== 'canceled') return
  await wakeLive(parts, jobRef(db, samples.jobId))
  const prefix = generationPrefix({ userId: input.userId, id: generationId })
  await removeBelow(store, { bucket, prefix })
}

async function wakeLive({ jobs }: FinishCleaning, ref: DocumentReference): Promise<void> {
  const job = toJobRecord(await ref.get())
  if (job && !isTerminal(job.state)) await jobs.wake({ id: ref.id, fence: job.fence })
}
