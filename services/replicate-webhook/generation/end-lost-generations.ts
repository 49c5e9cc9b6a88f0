import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { type Generation, generationsIn, isGenerationOver, readGeneration } from '#shared/documents/generations.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { AppError } from '#shared/errors/app-error.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { isTerminal, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { newRecord } from '#shared/jobs/job-states.ts'
import { reconcilePageSize } from '#shared/jobs/reconcile.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type GenerationInput, generationNames } from '#shared/trainings/training-jobs.ts'

export interface LostGenerationDeps {
  db: Firestore
  /** How a generation whose job fails is ended. */
  generations: Pick<JobDefinition<GenerationInput>, 'failed' | 'cleanUp'>
  /** How long a generation may say that it goes on before somebody looks. */
  stuckAfterMs: number
  logger: Logger
  now: () => Date
}

/**
 * Ends generations that say they go on while their job is over, or is no longer in the books. Their ends are one transaction, so
 * this is an operator's doing, or a job that only another version could read. Returns how many.
 */
export async function endLostGenerations(deps: LostGenerationDeps): Promise<number> {
  let ended = 0
  for await (const generation of generationsIn(deps.db, ['queued', 'running'])) {
    if (deps.now().getTime() - generation.updatedAt.toMillis() < deps.stuckAfterMs) continue
    try {
      if (await endLost(deps, generation)) ended += 1
    } catch (error) {
      if (error instanceof AppError && error.retryable) throw error
      // It keeps nobody from the others.
      const facts = { generationId: generation.id, error }
      deps.logger.error('A generation that nobody works on could not be brought to its end.', facts)
    }
    if (ended === reconcilePageSize) break
  }
  return ended
}

async function endLost(deps: LostGenerationDeps, { id: generationId, userId }: Generation): Promise<boolean> {
  const { db, generations, now } = deps
  const input: GenerationInput = { generationId, userId }
  const key = generationNames.key(input)
  const isEnded = await runTransaction(db, async (transaction) => {
    const snapshot = await transaction.get(jobRef(db, jobId(key)))
    const found = toJobRecord(snapshot)
    // A live one is found by its own due time, or is still at work.
    if (found !== null && !isTerminal(found.state)) return false
    const generation = await readGeneration(transaction, db, generationId)
    if (generation === null || isGenerationOver(generation)) return false
    const { kind } = generationNames
    const subject = generationNames.subject(input)
    const job = found ?? newRecord({ kind, subject, input, key, now: snapshot.readTime, deadlineMs: 0 })
    const message = 'The pictures were given up on our side; ask for them again.'
    const failure = { code: 'generation.lost', message, at: Timestamp.fromDate(now()) }
    const writes = await generations.failed({ input, transaction, job, failure, isBrief: false })
    writes(transaction)
    return true
  })
  if (isEnded) await generations.cleanUp({ input, jobId: jobId(key) })
  return isEnded
}
