import * as z from 'zod'
import { trainingStages, trainingStatuses, trainingTypes } from '#shared/documents/training-states.ts'
import { failureSchema, idSchema, printable, textSchema, timeSchema } from './common-schemas.ts'

export const trainingTypeSchema = z.enum(trainingTypes)

const optimizers = [
  'prodigy',
  'adam8bit',
  'adamw8bit',
  'lion8bit',
  'adam',
  'adamw',
  'lion',
  'adagrad',
  'adafactor',
] as const

/**
 * What a person may choose of the trainer's inputs; ranges and defaults as the trainer has them (contract replicate.md §4).
 * Inputs that would publish the result or show a token to others (`hf_*`, `wandb_*`) are not offered.
 */
export const trainingOptionsSchema = z
  .strictObject({
    triggerWord: z
      .string()
      .regex(/^[A-Za-z0-9]{2,32}$/, 'Give 2 to 32 letters and digits.')
      .default('ohwx')
      .describe('What prompts call the person. Best a word that means nothing.'),
    steps: z.int().min(3).max(6000).default(1000),
    learningRate: z.number().gt(0).max(1).default(4e-4),
    batchSize: z.int().min(1).max(8).default(1),
    resolution: z
      .string()
      .regex(/^(?:512|768|1024)(?:,(?:512|768|1024))*$/, 'Give some of 512, 768 and 1024, separated by commas.')
      .refine((text) => new Set(text.split(',')).size === text.split(',').length, 'Name each size once.')
      .default('512,768,1024')
      .describe('Sides that the photos are learned at: some of 512, 768 and 1024, each once.'),
    loraRank: z.int().min(1).max(128).default(16),
    autocaption: z.boolean().default(true).describe('Whether the trainer describes the photos by itself.'),
    autocaptionPrefix: textSchema({ min: 1, max: 200 }).nullable().default(null),
    captionDropoutRate: z.number().min(0).max(1).default(0.05),
    optimizer: z.enum(optimizers).default('adamw8bit'),
  })
  .meta({ id: 'TrainingOptions', description: 'What may be chosen of the trainer’s inputs; all have defaults.' })

/** The options of a training, all there. Looser than what may be asked for: an older one keeps what was good then. */
const chosenOptionsSchema = z
  .strictObject({
    triggerWord: z.string(),
    steps: z.int(),
    learningRate: z.number(),
    batchSize: z.int(),
    resolution: z.string(),
    loraRank: z.int(),
    autocaption: z.boolean(),
    autocaptionPrefix: z.string().nullable(),
    captionDropoutRate: z.number(),
    optimizer: z.string(),
  })
  .meta({ id: 'ChosenOptions' })

export const trainingNameSchema = textSchema({ min: 1, max: 100 }).meta({ examples: ['Ana, March'] })

export const zipUrlSchema = z
  .string()
  .min(1)
  .max(8192)
  .regex(printable, 'Control characters and halves of characters are not taken.')
  .describe('A ZIP with 4 to 100 photos at a public https address.')
  .meta({ examples: ['https://files.example.com/photos.zip'] })

/** Uploads of the user's, by their object names. */
export const imagesSchema = z
  .array(z.string().min(1).max(1024))
  .min(4)
  .max(100)
  .refine((names) => new Set(names).size === names.length, 'Name each photo once.')
  .meta({ uniqueItems: true })

const trainedModelSchema = z
  .strictObject({
    id: idSchema,
    triggerWord: z.string(),
    baseModel: z.string(),
    gcsUri: z.string().meta({ examples: ['gs://models/trained/uid/k3v7q2m5x4wz6a2b7c5d/lora.safetensors'] }),
    sha256: z.string().describe('Of the weights, in lower-case hex.'),
    sizeBytes: z.number(),
    replicate_model_id: z.string().meta({ examples: ['charaforge/ohwx-k3v7q2m5x4wz6a2b7c5d'] }),
    replicate_version_id: z.string(),
  })
  .meta({ id: 'TrainedModel', description: 'The model that a training made.' })

export const trainingSchema = z
  .strictObject({
    id: idSchema,
    userId: z.string(),
    name: z.string(),
    type: trainingTypeSchema,
    status: z.enum(trainingStatuses),
    stage: z.enum(trainingStages).describe('Where it is, or where it failed.'),
    progress: z.number().min(0).max(1).nullable(),
    photoCount: z.int().nullable(),
    zipSizeBytes: z.int().nullable(),
    options: chosenOptionsSchema,
    modelId: idSchema.nullable(),
    generationId: idSchema.nullable().describe('Of its sample pictures.'),
    model: trainedModelSchema.nullable(),
    error: failureSchema.nullable(),
    cancelRequestedAt: timeSchema.nullable(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    finishedAt: timeSchema.nullable(),
  })
  .meta({ id: 'Training', description: 'A training as its owner sees it.' })
export type TrainingView = z.output<typeof trainingSchema>

export const trainingAnswerSchema = z.strictObject({ training: trainingSchema }).meta({ id: 'TrainingAnswer' })
