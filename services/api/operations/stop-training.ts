import { Timestamp, type Transaction } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { endedRecord } from '#shared/jobs/job-states.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import { runCancelNames } from '#shared/trainings/training-jobs.ts'
import type { PurgeDeps } from './purge-places.ts'

const reason = { code: 'training.purged', message: 'The training was removed by an operator.' }

/**
 * Ends a training, its jobs and its run at Replicate, so that nothing is written of it any more. While a job is at work that
 * one is asked to end it.
 * @throws TransientError `purge.under-way` when a job works on it now
 */
export async function stopTraining(deps: PurgeDeps, plan: { trainingId: string; jobIds: string[] }): Promise<void> {
  const { db, finishJobs } = deps
  const { trainingId, jobIds } = plan
  const { runId, leasedUntil } = await runTransaction(db, async (transaction) => {
    const training = await readTraining(transaction, db, trainingId)
    const { live, now, leasedUntil } = await readJobs(transaction, deps, jobIds)
    const isLive = training !== null && !isTrainingOver(training)
    if (leasedUntil !== null) {
      const isAsked = training?.cancelRequestedAt !== null
      if (isLive && !isAsked) updateTraining(db, trainingId, { cancelRequestedAt: now })(transaction)
      return { runId: null, leasedUntil }
    }
    const mail = { collection: deps.mailCollection, appUrl: null }
    const end = { status: 'canceled' } as const
    const writes = isLive ? await endTraining(transaction, db, { trainingId, end, mail, now }) : () => {}
    writes(transaction)
    for (const { id, job } of live) {
      const ended = endedRecord(job, { state: 'canceled', failure: { ...reason, at: now }, now })
      transaction.set(jobRef(db, id), ended)
    }
    return { runId: isLive ? training.replicateTrainingId : null, leasedUntil: null }
  })
  if (leasedUntil !== null) throw underWay(leasedUntil)
  if (runId !== null) await finishJobs.enqueue(runCancelNames, { runId, kind: 'training' })
}

async function readJobs(
  transaction: Transaction,
  { db }: PurgeDeps,
  jobIds: readonly string[],
): Promise<{ live: { id: string; job: JobRecord }[]; now: Timestamp; leasedUntil: Date | null }> {
  const refs = jobIds.map((id) => jobRef(db, id))
  const snapshots = refs.length > 0 ? await transaction.getAll(...refs) : []
  const now = snapshots[0]?.readTime ?? Timestamp.now()
  const live: { id: string; job: JobRecord }[] = []
  let leasedUntil: Date | null = null
  for (const snapshot of snapshots) {
    const job = toJobRecord(snapshot)
    if (job === null || isTerminal(job.state)) continue
    live.push({ id: snapshot.id, job })
    if (job.lease && job.lease.expiresAt.toMillis() > now.toMillis()) leasedUntil = job.lease.expiresAt.toDate()
  }
  return { live, now, leasedUntil }
}

function underWay(leasedUntil: Date): TransientError {
  return new TransientError({
    code: 'purge.under-way',
    message: `A job works on this training now (until ${leasedUntil.toISOString()} at least) and was told to end it; purge it again then.`,
    retryAt: leasedUntil,
  })
}
