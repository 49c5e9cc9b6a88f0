import { Timestamp } from '@google-cloud/firestore'
import { abandonedRooms } from '#shared/cache/abandoned-rooms.ts'
import { releaseRoom } from '#shared/cache/reserve-room.ts'
import { isTrainingOver, readTraining, type Training, trainingsIn } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { isTerminal, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { reconcilePageSize, removeLeftovers, wakeOverdue } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import {
  generationNames,
  lostRunNames,
  runCancelNames,
  type TrainingFinishInput,
  trainingFinishInputSchema,
  trainingFinishNames,
} from '#shared/trainings/training-jobs.ts'
import { cleanUpFinish, type FinishCleaning } from './finish/clean-up-finish.ts'
import type { MailSettings } from './finish/finish-deps.ts'
import { undoFinish } from './finish/undo-finish.ts'
import { finishWorkPrefix } from './finish/work-places.ts'
import { endLostGenerations, type LostGenerationDeps } from './generation/end-lost-generations.ts'

export interface ReconcileDeps extends FinishCleaning, Pick<LostGenerationDeps, 'generations'> {
  jobs: JobRequests
  mail: MailSettings
  /** How long a training or a generation may say that it goes on, and parts may lie, before somebody looks. */
  stuckAfterMs: number
  /** Of jobs that are asked for. */
  deadlineMs: number
  logger: Logger
  now: () => Date
}

export interface ReconcileReport {
  /** Jobs that were overdue: an expired lease, a missed look, a lost task. */
  wokenJobs: number
  /** Trainings whose job was lost, and which got another. */
  startedTrainings: number
  /** Trainings whose job has ended without them. */
  endedTrainings: number
  /** Generations whose job has ended without them. */
  endedGenerations: number
  /** Jobs whose temporaries were left behind. */
  cleanedJobs: number
}

/**
 * Finds what webhooks and tasks missed (DESIGN §2.7). A lost webhook is not looked for here: the job of its run is overdue
 * when nobody has woken it, and asks Replicate.
 */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const { db, store, jobs, modelsBucket: bucket, stuckAfterMs } = deps
  const kinds = [trainingFinishNames.kind, generationNames.kind, runCancelNames.kind, lostRunNames.kind]
  const wokenJobs = await wakeOverdue({ db, jobs, kinds, now: deps.now() })
  const trainings = await mendTrainings(deps)
  const endedGenerations = await endLostGenerations(deps)
  const cleanedJobs = await removeLeftovers({
    db,
    store,
    bucket,
    kinds: [trainingFinishNames.kind],
    stuckAfterMs,
    now: deps.now(),
    remove: (id, job) => {
      const input = readableInput(trainingFinishInputSchema, job)
      // The job's own clean-up, which its instance did not live to do or to end.
      return input ? cleanUpFinish(deps, input, id) : removeBelow(store, { bucket, prefix: finishWorkPrefix(id) })
    },
  })
  await releaseRooms(deps)
  const report = { wokenJobs, ...trainings, endedGenerations, cleanedJobs }
  deps.logger.info('Reconciled.', report)
  return report
}

/** Ends jobs that hold room in the cache although they are over; those of copies are model-sync's. */
async function releaseRooms(deps: ReconcileDeps): Promise<void> {
  for (const { jobId: id, job } of await abandonedRooms({ db: deps.db, bucket: deps.modelsBucket })) {
    if (job?.kind !== trainingFinishNames.kind) continue
    const input = readableInput(trainingFinishInputSchema, job)
    if (input) await cleanUpFinish(deps, input, id)
    else await releaseRoom({ db: deps.db, bucket: deps.modelsBucket }, id)
  }
}

/** Trainings that say they go on while nobody brings them to their end. */
async function mendTrainings(
  deps: ReconcileDeps,
): Promise<Pick<ReconcileReport, 'startedTrainings' | 'endedTrainings'>> {
  const report = { startedTrainings: 0, endedTrainings: 0 }
  const nowMs = deps.now().getTime()
  for await (const training of trainingsIn(deps.db, ['training', 'completing'])) {
    if (nowMs - training.updatedAt.toMillis() < deps.stuckAfterMs) continue
    const mended = await mendOne(deps, training)
    if (mended !== null) report[mended] += 1
    if (report.startedTrainings + report.endedTrainings === reconcilePageSize) break
  }
  return report
}

/** One that cannot be ended keeps nobody from the others. */
async function mendOne(deps: ReconcileDeps, training: Training): ReturnType<typeof mend> {
  try {
    return await mend(deps, training)
  } catch (error) {
    if (error instanceof AppError && error.retryable) throw error
    deps.logger.error('A training that nobody works on could not be brought to its end.', {
      trainingId: training.id,
      error,
    })
    return null
  }
}

async function mend(deps: ReconcileDeps, training: Training): Promise<'startedTrainings' | 'endedTrainings' | null> {
  const { id: trainingId, userId, replicateTrainingId: runId } = training
  const ref = jobRef(deps.db, jobId(trainingFinishNames.key({ trainingId })))
  const job = toJobRecord(await ref.get())
  // A live job is found by its own due time, or is still at work.
  if (job !== null && !isTerminal(job.state)) return null
  if (job === null && runId !== null) {
    const input: TrainingFinishInput = { trainingId, userId, runId }
    await deps.jobs.enqueue(trainingFinishNames, input)
    return 'startedTrainings'
  }
  const isEnded = await endLost(deps, { trainingId, userId, runId: runId ?? '' })
  return isEnded ? 'endedTrainings' : null
}

/**
 * A training's end and its job's are one transaction, so this is an operator's doing, or a run that nobody knows. False where
 * it has come to its end since it was listed.
 */
async function endLost(deps: ReconcileDeps, input: TrainingFinishInput): Promise<boolean> {
  const { db, mail, deadlineMs } = deps
  const { trainingId } = input
  const isEnded = await runTransaction(db, async (transaction) => {
    const training = await readTraining(transaction, db, trainingId)
    if (training === null || isTrainingOver(training)) return false
    const message = 'The training was given up on our side.'
    const end = { status: 'failed', stage: training.stage, code: 'training.lost', message } as const
    const now = Timestamp.fromDate(deps.now())
    const writes = await endTraining(transaction, db, { trainingId, end, mail, now })
    const mayRunGoOn = input.runId !== '' && training.status === 'training'
    const undo = await undoFinish(transaction, db, { input, mayRunGoOn, deadlineMs, now })
    writes(transaction)
    undo(transaction)
    return true
  })
  if (isEnded) await cleanUpFinish(deps, input, jobId(trainingFinishNames.key({ trainingId })))
  return isEnded
}
