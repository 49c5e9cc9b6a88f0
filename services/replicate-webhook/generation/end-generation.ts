import type { Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import { type GeneratedImage, type Generation, updateGeneration } from '#shared/documents/generations.ts'
import { readUsage, settleQuota, settleStorage } from '#shared/documents/quotas.ts'
import type { Writes } from '#shared/documents/transaction.ts'

export interface GenerationEnd {
  status: 'succeeded' | 'failed'
  images: readonly GeneratedImage[]
  /** Predictions that were created and came to nothing. */
  failedRuns: number
  error: { code: string; message: string } | null
  finishedAt: Timestamp
}

/**
 * Ends a generation in somebody's transaction: the document, the quota and the storage, together. Reads first. What was
 * made stays counted, what was not is refunded; the samples of a training were never counted.
 */
export async function endGeneration(
  transaction: Transaction,
  db: Firestore,
  params: { generation: Generation; end: GenerationEnd },
): Promise<Writes> {
  const { generation, end } = params
  const { id, userId } = generation
  const images = [...end.images]
  const { failedRuns } = end
  const usage = await readUsage(transaction, db, userId)
  const writes = [
    updateGeneration(db, id, { status: end.status, images, error: end.error, finishedAt: end.finishedAt }),
    settleQuota(db, usage, { quota: 'generations', key: id, as: 'committed', amount: images.length, failedRuns }),
    settleStorage(db, {
      userId,
      released: [],
      addedBytes: images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }),
  ]
  return (writing) => {
    for (const write of writes) write(writing)
  }
}
