import { changeLedger, withoutJob } from '#shared/cache/ledger.ts'
import { forceRoom } from '#shared/cache/reserve-room.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import type { TransferLayout } from '#shared/transfer/transfer-plan.ts'
import type { FinishDeps } from './finish-deps.ts'

/**
 * Takes room in the models bucket for weights and the parts of their archive, which is hardly larger. They are paid for: what can
 * go makes room, and where that does not suffice the limit is passed.
 */
export async function takeWeightsRoom(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  layout: Pick<TransferLayout, 'sizeBytes'> | null,
): Promise<void> {
  const archiveBytes = layout?.sizeBytes ?? null
  if (archiveBytes === null) return
  const wish = { jobId: run.id, bytes: 2 * archiveBytes, stayingBytes: archiveBytes }
  await forceRoom({ ...deps, limits: deps.cacheLimits, logger: run.logger }, wish)
}

/** Counts the weights in place of what was reserved for them, once their parts are gone; a second time it changes nothing. */
export function countWeights(
  deps: Pick<FinishDeps, 'db' | 'bucket'>,
  run: JobRun<TrainingFinishInput>,
  sizeBytes: number,
): TransactionPart {
  return (transaction) =>
    changeLedger(transaction, deps.db, deps.bucket, (ledger) => {
      if (ledger.reserved[run.id] === undefined) return ledger
      const storedBytes = ledger.storedBytes + sizeBytes
      return { ...withoutJob(ledger, run.id), storedBytes, trainedBytes: ledger.trainedBytes + sizeBytes }
    })
}
