import type { Firestore } from '@google-cloud/firestore'
import { readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { readTrainingProgress } from '#shared/replicate/training-progress.ts'
import type { RunUpdate } from '#shared/replicate/webhook-body.ts'

/** Replicate tells of new log lines twice a second; people look at a bar now and then. */
const EVERY_MS = 5_000
/** Less is not seen on a bar. */
const STEP = 0.01
/** Runs at once that an instance remembers; the others are noted once too often. */
const MAX_RUNS = 1_000

/** Writes how far a training is into its document, as its webhooks tell it. */
export type NoteProgress = (update: RunUpdate, trainingId: string) => Promise<void>

/**
 * While a training runs, only webhooks have its log: asking Replicate shows none before the end (contract replicate.md §4). Not worth
 * a redelivery: what cannot be written is told again by the next.
 */
export function createNoteProgress(deps: { db: Firestore; logger: Logger; now: () => Date }): NoteProgress {
  const { db, logger, now } = deps
  const notedAtMs = new Map<string, number>()

  return async (update, trainingId) => {
    const progress = readTrainingProgress(update.logsTail)
    const nowMs = now().getTime()
    if (progress === null || nowMs - (notedAtMs.get(update.id) ?? 0) < EVERY_MS) return
    if (notedAtMs.size >= MAX_RUNS) notedAtMs.clear()
    notedAtMs.set(update.id, nowMs)
    try {
      await runTransaction(db, async (transaction) => {
        const training = await readTraining(transaction, db, trainingId)
        const isRunning = training?.status === 'training' && training.replicateTrainingId === update.id
        // Never back: webhooks come in any order.
        if (isRunning && progress >= (training.progress ?? 0) + STEP) {
          updateTraining(db, trainingId, { progress })(transaction)
        }
      })
    } catch (error) {
      logger.debug('The progress of a training was not written.', { error, trainingId })
    }
  }
}
