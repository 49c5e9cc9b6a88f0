import type { Generation } from '#shared/documents/generations.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { PictureOutcome } from './picture.ts'

/** One line a generation; dashboards and alerts are made of its fields. */
export function logGeneration(
  logger: Logger,
  line: { generation: Generation; outcomes: readonly PictureOutcome[]; endedAt: Date },
): void {
  const { generation, outcomes, endedAt } = line
  const { id: generationId, modelId, userId, trainingId, createdAt } = generation
  const made = outcomes.filter((outcome) => outcome.kind === 'made')
  logger.info(`${made.length} of ${outcomes.length} pictures of a generation were made.`, {
    event: 'generation',
    generationId,
    modelId,
    userId,
    isSample: trainingId !== null,
    made: made.length,
    missing: outcomes.length - made.length,
    codes: outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? outcome.code : [])),
    durationMs: endedAt.getTime() - createdAt.toMillis(),
    // Also of those that came to nothing: they are billed all the same.
    predictSeconds: outcomes.reduce((sum, { predictSeconds }) => sum + (predictSeconds ?? 0), 0),
  })
}
