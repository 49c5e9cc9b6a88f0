import { Timestamp } from '@google-cloud/firestore'
import { everyDocument } from '#shared/documents/every-document.ts'
import { isTrainingOver, readTraining, type Training, type TrainingStatus } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { isTerminal, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { reconcilePageSize, removeLeftovers, wakeOverdue } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import { trainingStartInputSchema, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { removeFinishedUploads } from '../model-uploads.ts'
import { type CleanUpDeps, cleanUpStart, removeStartWork } from './clean-up.ts'
import { removeForgottenPhotos } from './forgotten-photos.ts'
import type { MailSettings } from './start-deps.ts'

export interface ReconcileDeps extends CleanUpDeps {
  jobs: JobRequests
  mail: MailSettings
  /** How long a training may say "working" without a live job, and temporaries may lie, before somebody looks. */
  stuckAfterMs: number
  logger: Logger
  now: () => Date
}

export interface ReconcileReport {
  /** Jobs that were overdue: an expired lease, a missed retry, a lost task. */
  wokenJobs: number
  /** Trainings that waited for a job that nobody had. */
  endedTrainings: number
  /** Starts whose temporaries were left behind. */
  cleanedJobs: number
  /** Uploads that nobody asked a training for. */
  removedUploads: number
  /** Photos of trainings that are over. */
  removedZips: number
  /** Model files that are synced, or that nobody has registered. */
  removedModelUploads: number
}

/** Until the training is another service's. */
const ours: readonly TrainingStatus[] = ['queued', 'preparing', 'starting']

/** Finds what tasks missed (DESIGN §2.7) and only wakes it or ends it. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const { db, store, jobs, stuckAfterMs, workBucket: bucket } = deps
  const { kind } = trainingStartNames
  const wokenJobs = await wakeOverdue({ db, jobs, kinds: [kind], now: deps.now() })
  const endedTrainings = await endForgotten(deps)
  const cleanedJobs = await removeLeftovers({
    db,
    store,
    bucket,
    kinds: [kind],
    stuckAfterMs,
    now: deps.now(),
    remove: (id, job) => {
      const input = readableInput(trainingStartInputSchema, job)
      // The job's own clean-up, which its instance did not live to do or to end.
      return input ? cleanUpStart(deps, input, id) : removeStartWork(deps, id)
    },
  })
  const removed = await removeForgottenPhotos(deps)
  const removedModelUploads = await removeFinishedUploads(deps)
  const report = { wokenJobs, endedTrainings, cleanedJobs, ...removed, removedModelUploads }
  deps.logger.info('Reconciled.', { ...report })
  return report
}

/** Ends trainings whose job ended without them (an operator canceled it), or was never written: nobody else would. */
async function endForgotten(deps: ReconcileDeps): Promise<number> {
  const { db, stuckAfterMs } = deps
  let ended = 0
  for await (const found of everyDocument(db.collection('trainings').where('status', 'in', ours))) {
    // Only the functions of `trainings.ts` write the collection.
    const training = { ...found.data(), id: found.id } as Training
    if (deps.now().getTime() - training.updatedAt.toMillis() < stuckAfterMs) continue
    if (!(await endWithoutJob(deps, training.id))) continue
    ended += 1
    if (ended === reconcilePageSize) break
  }
  return ended
}

async function endWithoutJob(deps: ReconcileDeps, trainingId: string): Promise<boolean> {
  const { db, mail } = deps
  return await runTransaction(db, async (transaction) => {
    const snapshot = await transaction.get(jobRef(db, jobId(trainingStartNames.key({ trainingId }))))
    const job = toJobRecord(snapshot)
    // A live one is found by its own due time, or is still at work.
    if (job !== null && !isTerminal(job.state)) return false
    const training = await readTraining(transaction, db, trainingId)
    if (training === null || isTrainingOver(training) || !ours.includes(training.status)) return false
    const isCanceled = job?.state === 'canceled' || training.cancelRequestedAt !== null
    const failure = job?.failure ?? {
      code: 'training.interrupted',
      message: 'The training was interrupted; start it again.',
    }
    const { code, message } = failure
    const writes = await endTraining(transaction, db, {
      trainingId,
      end: isCanceled ? { status: 'canceled' } : { status: 'failed', stage: training.stage, code, message },
      mail,
      now: Timestamp.fromDate(deps.now()),
    })
    writes(transaction)
    return true
  })
}
