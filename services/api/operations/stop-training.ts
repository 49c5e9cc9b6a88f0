import { Timestamp, type Transaction } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { endedRecord } from '#shared/jobs/job-states.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import { trainingStartInputSchema, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { reservationsOf } from '../training/photo-uploads.ts'
import { createdTraining, endLeftRuns, type LeftRuns, leftRuns } from './left-runs.ts'
import type { PurgeDeps } from './purge-places.ts'

const reason = { code: 'training.purged', message: 'The training was removed by an operator.' }

/**
 * Ends a training, its jobs and its runs at Replicate, those of its model's pictures too, so that nothing is written of it any
 * more. While a job is at work on it that one is asked to end it.
 * @throws TransientError `purge.under-way` when a job works on it now
 */
export async function stopTraining(deps: PurgeDeps, plan: { trainingId: string; jobIds: string[] }): Promise<void> {
  const { db } = deps
  const { trainingId, jobIds } = plan
  const { isLive, left, leasedUntil } = await runTransaction(db, async (transaction) => {
    const training = await readTraining(transaction, db, trainingId)
    const { jobs, live, now, leasedUntil } = await readJobs(transaction, deps, jobIds)
    const isLive = training !== null && !isTrainingOver(training)
    if (leasedUntil !== null) {
      const isAsked = training?.cancelRequestedAt !== null
      if (isLive && !isAsked) updateTraining(db, trainingId, { cancelRequestedAt: now })(transaction)
      return { isLive, left: nothingLeft, leasedUntil }
    }
    const mail = { collection: deps.mailCollection, appUrl: null }
    const end = { status: 'canceled' } as const
    const released = jobs.flatMap(reservationsOfStart)
    const writes = isLive ? await endTraining(transaction, db, { trainingId, end, released, mail, now }) : () => {}
    writes(transaction)
    for (const { id, job } of live) {
      const ended = endedRecord(job, { state: 'canceled', failure: { ...reason, at: now }, now })
      transaction.set(jobRef(db, id), ended)
    }
    // Also of one that is canceled: whoever canceled it, this too, may have ended before its run was told.
    const mayRunGoOn = isLive || training?.status === 'canceled'
    const runId = mayRunGoOn ? (training?.replicateTrainingId ?? createdTraining(jobs)) : null
    const left = leftRuns(jobs)
    const known = runId === null ? left.known : [{ runId, kind: 'training' } as const, ...left.known]
    return { isLive, left: { ...left, known }, leasedUntil: null }
  })
  if (leasedUntil !== null) throw underWay(leasedUntil, isLive)
  await endLeftRuns(deps, left)
}

const nothingLeft: LeftRuns = { known: [], lost: [] }

async function readJobs(
  transaction: Transaction,
  { db }: PurgeDeps,
  jobIds: readonly string[],
): Promise<{ jobs: JobRecord[]; live: { id: string; job: JobRecord }[]; now: Timestamp; leasedUntil: Date | null }> {
  const refs = jobIds.map((id) => jobRef(db, id))
  const snapshots = refs.length > 0 ? await transaction.getAll(...refs) : []
  const now = snapshots[0]?.readTime ?? Timestamp.now()
  const jobs: JobRecord[] = []
  const live: { id: string; job: JobRecord }[] = []
  let leasedUntil: Date | null = null
  for (const snapshot of snapshots) {
    const job = toJobRecord(snapshot)
    if (job !== null) jobs.push(job)
    if (job === null || isTerminal(job.state)) continue
    live.push({ id: snapshot.id, job })
    if (job.lease && job.lease.expiresAt.toMillis() > now.toMillis()) leasedUntil = job.lease.expiresAt.toDate()
  }
  return { jobs, live, now, leasedUntil }
}

/** What still holds room for the uploads that a training was asked for with. */
function reservationsOfStart(job: JobRecord): string[] {
  if (job.kind !== trainingStartNames.kind) return []
  const input = readableInput(trainingStartInputSchema, job)
  // Of one that only another version can read they end by themselves.
  return input === null ? [] : reservationsOf(input.source)
}

/** `isTold`: of a training that is over only pictures are being made, by a job that nobody tells anything. */
function underWay(leasedUntil: Date, isTold: boolean): TransientError {
  const told = isTold ? ' and was told to end it' : ''
  return new TransientError({
    code: 'purge.under-way',
    message: `A job works on this training now (until ${leasedUntil.toISOString()} at least)${told}; purge it again then.`,
    retryAt: leasedUntil,
  })
}
