import type { Firestore } from '@google-cloud/firestore'
import { documentsError } from '#shared/documents/firestore.ts'
import { isGenerationOver, readGeneration } from '#shared/documents/generations.ts'
import { recordRun, removeReplicateRun } from '#shared/documents/replicate-runs.ts'
import { isTrainingOver, readTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { readPredictionOwner } from '#shared/generations/prediction-owner.ts'
import * as jobRecords from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { isTerminal } from '#shared/replicate/prediction.ts'
import type { RunUpdate } from '#shared/replicate/webhook-body.ts'
import type { RunKind, RunOwner } from '#shared/replicate/webhook-url.ts'
import { generationNames, lostRunNames, runCancelNames, trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import type { NoteProgress } from './note-progress.ts'

/** A webhook whose signature was found right. */
export interface Delivery {
  update: RunUpdate
  /** Whom the URL names, which is not signed. */
  addressed: RunOwner | null
}

export interface DeliveryReport {
  /** Whether it said more of the run than was known. */
  news: boolean
  followUp:
    | 'nothing new'
    /** It names nobody of ours, or somebody who is gone. */
    | 'of nobody'
    /** Another run than the one that its owner waits for. */
    | 'another run'
    /** The job that will look at the run is not in the books yet, and will find the record. */
    | 'early'
    | 'owner woken'
    | 'owner is over'
    /** Its owner is over and it is not: it is ended at Replicate. */
    | 'run to be canceled'
}

export interface DeliveryDeps {
  db: Firestore
  /** Only ever asks for work: a webhook is answered within moments. */
  jobs: JobRequests
  noteProgress: NoteProgress
  logger: Logger
  now: () => Date
}

/** Whose run it is. */
interface Subject {
  isOver: boolean
  /** The run that it waits for; null where it does not know yet, or does not say. */
  runId: string | null
  /** Of the job that looks at the run. */
  jobId: string
}

/**
 * Records what a webhook tells of a run, and asks for what follows from it. What is told twice, late, in the wrong order or of
 * an unknown run changes nothing. @throws TransientError: it should come again.
 */
export async function recordDelivery(deps: DeliveryDeps, delivery: Delivery): Promise<DeliveryReport> {
  const { db } = deps
  const { update } = delivery
  const news = await runTransaction(db, async (transaction) => {
    const recorded = await recordRun(transaction, db, { run: update, owner: update.owner, now: deps.now() })
    recorded.writes(transaction)
    return recorded.news
  })
  if (update.owner?.kind === 'training' && !isTerminal(update)) await deps.noteProgress(update, update.owner.jobId)
  // An end that was recorded and not answered comes again: whoever took it may have died before anybody was woken.
  if (!news && !isTerminal(update)) return { news, followUp: 'nothing new' }
  try {
    // Read after the record is there: a job that is not in the books by now will find it.
    return { news, followUp: await followUp(deps, delivery) }
  } catch (error) {
    throw documentsError(error)
  }
}

async function followUp(deps: DeliveryDeps, delivery: Delivery): Promise<DeliveryReport['followUp']> {
  const { db, jobs, logger } = deps
  const { update, addressed } = delivery
  const owner = update.owner ?? addressed
  if (update.owner && addressed && !isSame(update.owner, addressed)) {
    logger.warn('A webhook came to the URL of another job than its own.', { owner: update.owner, addressed })
  }
  const subject = owner === null ? null : await findSubject(db, owner)
  if (owner === null) return 'of nobody'
  if (subject === null) return await followPurged(deps, { update, owner })
  if (subject.isOver) {
    if (isTerminal(update)) return 'owner is over'
    await jobs.enqueue(runCancelNames, { runId: update.id, kind: owner.kind })
    return 'run to be canceled'
  }
  if (subject.runId !== null && subject.runId !== update.id) {
    logger.warn('A webhook tells of another run than the one that its owner waits for.', {
      owner,
      runId: update.id,
      awaitedRunId: subject.runId,
    })
    return 'another run'
  }
  const job = jobRecords.toJobRecord(await jobRecords.jobRef(db, subject.jobId).get())
  if (job === null) return 'early'
  if (jobRecords.isTerminal(job.state)) return 'owner is over'
  await jobs.wake({ id: subject.jobId, fence: job.fence })
  return 'owner woken'
}

/** What is told of a run whose owner was purged is not kept, and the run is ended where it goes on. */
async function followPurged(
  { db, jobs }: DeliveryDeps,
  { update, owner }: { update: RunUpdate; owner: RunOwner },
): Promise<'of nobody' | 'owner is over' | 'run to be canceled'> {
  const cancelInput = { runId: update.id, kind: owner.kind }
  // Either says that somebody has purged its owner: before the run was known, or when it was.
  const keys = [lostRunNames.key(owner), runCancelNames.key(cancelInput)]
  const found = await db.getAll(...keys.map((key) => jobRecords.jobRef(db, jobRecords.jobId(key))))
  if (!found.some(({ exists }) => exists)) return 'of nobody'
  if (!isTerminal(update)) await jobs.enqueue(runCancelNames, cancelInput)
  await removeReplicateRun(db, update.id)
  return isTerminal(update) ? 'owner is over' : 'run to be canceled'
}

function isSame(one: RunOwner, other: RunOwner): boolean {
  return one.kind === other.kind && one.jobId === other.jobId
}

/** Of a record of ours; what others wrote into a webhook's URL could be a path. */
const RECORD_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/

async function findSubject(db: Firestore, owner: RunOwner): Promise<Subject | null> {
  if (!RECORD_ID.test(owner.jobId)) return null
  const find = { training: findTraining, prediction: findGeneration } satisfies Record<RunKind, unknown>
  return await find[owner.kind](db, owner)
}

async function findTraining(db: Firestore, { jobId: trainingId }: RunOwner): Promise<Subject | null> {
  const training = await readTraining(null, db, trainingId)
  if (training === null) return null
  const jobId = jobRecords.jobId(trainingFinishNames.key({ trainingId }))
  return { isOver: isTrainingOver(training), runId: training.replicateTrainingId, jobId }
}

async function findGeneration(db: Firestore, owner: RunOwner): Promise<Subject | null> {
  const made = readPredictionOwner(owner)
  const generation = made && (await readGeneration(null, db, made.generationId))
  if (!generation) return null
  const jobId = jobRecords.jobId(generationNames.key({ generationId: generation.id }))
  // One of several runs: the job knows which.
  return { isOver: isGenerationOver(generation), runId: null, jobId }
}
