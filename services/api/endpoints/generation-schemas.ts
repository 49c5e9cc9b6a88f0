import * as z from 'zod'
import { failureSchema, idSchema, timeSchema } from './common-schemas.ts'

const generatedImageSchema = z
  .strictObject({
    index: z.int().min(0).describe('Of the prompt that it was made of.'),
    prompt: z.string(),
    url: z.string().describe('What a browser can load.'),
    contentType: z.string(),
    sizeBytes: z.int(),
  })
  .meta({ id: 'GeneratedImage' })

const generationSchema = z
  .strictObject({
    id: idSchema,
    userId: z.string(),
    modelId: idSchema,
    trainingId: idSchema.nullable().describe('Set where these are the sample pictures of a training.'),
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled']),
    prompts: z.array(z.string()),
    images: z.array(generatedImageSchema).describe('Those that are there already.'),
    error: failureSchema.nullable(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    finishedAt: timeSchema.nullable(),
  })
  .meta({ id: 'Generation', description: 'Pictures made with a trained model.' })
export type GenerationView = z.output<typeof generationSchema>

export const generationAnswerSchema = z.strictObject({ generation: generationSchema }).meta({ id: 'GenerationAnswer' })
