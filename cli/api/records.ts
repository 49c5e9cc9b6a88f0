import * as z from 'zod'

/** What forge reads of the API's answers; more fields may be there. */

const problem = z.object({ code: z.string(), message: z.string() }).nullish()

const trainedModel = z.object({
  id: z.string(),
  triggerWord: z.string(),
  replicate_model_id: z.string(),
  replicate_version_id: z.string(),
  gcsUri: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
})

const training = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  status: z.string(),
  stage: z.string(),
  progress: z.number().nullish(),
  error: problem,
  modelId: z.string().nullish(),
  generationId: z.string().nullish(),
  model: trainedModel.nullish(),
  createdAt: z.string(),
  finishedAt: z.string().nullish(),
})
export type TrainingRecord = z.output<typeof training>

const generatedImage = z.object({
  index: z.number(),
  prompt: z.string(),
  url: z.string(),
  contentType: z.string(),
})
export type GeneratedImageRecord = z.output<typeof generatedImage>

const generation = z.object({
  id: z.string(),
  status: z.string(),
  images: z.array(generatedImage),
  error: problem,
})
export type GenerationRecord = z.output<typeof generation>

const upload = z.object({
  objectName: z.string(),
  url: z.string(),
  method: z.string(),
  headers: z.record(z.string(), z.string()),
})
export type UploadRecord = z.output<typeof upload>

/** `reused`: the same photos were trained alike before, and this is that training. */
export const trainingAnswer = z.object({ training, reused: z.boolean().optional() })
export const trainingsAnswer = z.object({ trainings: z.array(training) })
export const generationAnswer = z.object({ generation })
/** In the order of the files that were asked for. */
export const uploadsAnswer = z.object({ uploads: z.array(upload) })

/** A status that will not change any more. */
export function isOver({ status }: { status: string }): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled'
}
