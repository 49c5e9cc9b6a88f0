import * as z from 'zod'
import type { JobNames } from '#shared/jobs/job-requests.ts'

/** Where a training's photos come from, as it was asked for. */
const photoSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('uploads'),
    /** Objects of the work bucket, below `training-uploads/{uid}/`, as they were when they were asked for. */
    photos: z.array(z.object({ name: z.string(), generation: z.string(), sizeBytes: z.number() })),
  }),
  /** A ZIP of the user's. The URL may be signed: it is in the job's record, which is private, and nowhere else. */
  z.object({ kind: z.literal('zip'), url: z.string() }),
])
export type PhotoSource = z.output<typeof photoSourceSchema>

export const trainingStartInputSchema = z.object({
  trainingId: z.string(),
  userId: z.string(),
  source: photoSourceSchema,
  /** Train even if the same input was trained within a day. */
  force: z.boolean(),
})
export type TrainingStartInput = z.output<typeof trainingStartInputSchema>

/** From the photos to the training's creation at Replicate. The api does it. */
export const trainingStartNames: JobNames<Pick<TrainingStartInput, 'trainingId'>> = {
  kind: 'training-start',
  key: ({ trainingId }) => `training:${trainingId}:start`,
  subject: ({ trainingId }) => `trainings/${trainingId}`,
}

export const trainingFinishInputSchema = z.object({
  trainingId: z.string(),
  userId: z.string(),
  /** Of the run at Replicate. */
  runId: z.string(),
})
export type TrainingFinishInput = z.output<typeof trainingFinishInputSchema>

/** From the creation at Replicate to the registered model. replicate-webhook does it. */
export const trainingFinishNames: JobNames<Pick<TrainingFinishInput, 'trainingId'>> = {
  kind: 'training-finish',
  key: ({ trainingId }) => `training:${trainingId}:finish`,
  subject: ({ trainingId }) => `trainings/${trainingId}`,
}

export const generationInputSchema = z.object({ generationId: z.string(), userId: z.string() })
export type GenerationInput = z.output<typeof generationInputSchema>

/** From prompts to pictures in the app's bucket. replicate-webhook does it. */
export const generationNames: JobNames<Pick<GenerationInput, 'generationId'>> = {
  kind: 'generation',
  key: ({ generationId }) => `generation:${generationId}`,
  subject: ({ generationId }) => `generations/${generationId}`,
}

export const runCancelInputSchema = z.object({ runId: z.string(), kind: z.enum(['training', 'prediction']) })
export type RunCancelInput = z.output<typeof runCancelInputSchema>

/** A run that nobody waits for any more is ended at Replicate. replicate-webhook does it. */
export const runCancelNames: JobNames<RunCancelInput> = {
  kind: 'run-cancel',
  key: ({ runId }) => `run-cancel:${runId}`,
  subject: ({ runId }) => `replicate_runs/${runId}`,
}

export const lostRunInputSchema = z.object({
  /** What its webhook's URL names: of our own record, which is gone. */
  kind: z.enum(['training', 'prediction']),
  jobId: z.string(),
  /** Its creation was begun after it. */
  sinceMs: z.number(),
})
export type LostRunInput = z.output<typeof lostRunInputSchema>

/**
 * A run whose creation was never answered, and whose owner was purged meanwhile, is looked for and ended. replicate-webhook does it.
 * Its record outlives the search: by it a late webhook is known. It names no person.
 */
export const lostRunNames: JobNames<Pick<LostRunInput, 'kind' | 'jobId'>> = {
  kind: 'lost-run',
  key: ({ kind, jobId }) => `lost-run:${kind}:${jobId}`,
  subject: ({ jobId }) => `lost_runs/${jobId}`,
}
