import type { Firestore } from '@google-cloud/firestore'
import { readTraining } from '#shared/documents/trainings.ts'
import { jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import type { CreatedRun } from '#shared/trainings/create-run-once.ts'
import { runCancelNames, type TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { workPrefix } from './prepare-photos.ts'

export interface CleanUpDeps {
  db: Firestore
  store: ObjectStore
  workBucket: string
  finishJobs: JobRequests
}

/** Removes what the start of a training leaves. Of a training that goes on only temporaries. May be repeated. */
export async function cleanUpStart(deps: CleanUpDeps, input: TrainingStartInput, jobId: string): Promise<void> {
  const { db, store, workBucket: bucket } = deps
  await removeStartWork(deps, jobId)
  const training = await readTraining(null, db, input.trainingId)
  const isLost = training === null || training.status === 'failed' || training.status === 'canceled'
  if (!isLost) return
  await store.remove({ bucket, name: trainingZipName({ userId: input.userId, id: input.trainingId }) })
  if (input.source.kind === 'uploads') {
    for (const { name, generation } of input.source.photos) await store.remove({ bucket, name }, generation)
  }
  await endOrphan(deps, jobId)
}

/** Removes a job's temporaries. */
export async function removeStartWork(
  { store, workBucket }: Pick<CleanUpDeps, 'store' | 'workBucket'>,
  jobId: string,
): Promise<void> {
  await removeBelow(store, { bucket: workBucket, prefix: workPrefix(jobId) })
}

/** The run of a start that failed before it was handed over: nobody else knows of it, and it costs money. */
async function endOrphan({ db, finishJobs }: CleanUpDeps, jobId: string): Promise<void> {
  const job = toJobRecord(await jobRef(db, jobId).get())
  if (job === null || job.state === 'done') return
  // Only `createRunOnce` and `searchLostRun` store that step.
  const created = job.steps.create?.result as CreatedRun | undefined
  if (created) await finishJobs.enqueue(runCancelNames, { runId: created.runId, kind: 'training' })
}
