import type { RunOwner } from '#shared/replicate/webhook-url.ts'

/** Whose prediction it is that makes the picture of one prompt of a generation: it travels in the webhook's URL. */
export function predictionOwner(generationId: string, index: number): RunOwner {
  return { kind: 'prediction', jobId: `${generationId}.${index}` }
}

/** The generation, and which of its prompts; null for what `predictionOwner` has not made. */
export function readPredictionOwner(owner: RunOwner): { generationId: string; index: number } | null {
  const [, generationId, index] = /^(.+)\.(\d{1,4})$/.exec(owner.jobId) ?? []
  if (owner.kind !== 'prediction' || generationId === undefined || index === undefined) return null
  return { generationId, index: Number(index) }
}
