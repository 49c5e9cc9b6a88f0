import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { idempotencyHeaders } from './common-schemas.ts'
import {
  imagesSchema,
  trainingAnswerSchema,
  trainingNameSchema,
  trainingOptionsSchema,
  trainingSchema,
  trainingTypeSchema,
  zipUrlSchema,
} from './training-schemas.ts'

const requestSchema = z
  .strictObject({
    name: trainingNameSchema,
    type: trainingTypeSchema,
    images: imagesSchema.optional().describe('Object names from `POST /api/uploads`, all uploaded by now.'),
    zipUrl: zipUrlSchema.optional(),
    options: trainingOptionsSchema.prefault({}),
    force: z.boolean().default(false).describe('Train even if the same photos were trained alike within a day.'),
  })
  .refine(({ images, zipUrl }) => (images === undefined) !== (zipUrl === undefined), {
    path: ['images'],
    message: 'Give either images or zipUrl.',
  })
  .meta({
    id: 'TrainingRequest',
    description: 'Either `images` or `zipUrl`.',
    oneOf: [{ required: ['images'] }, { required: ['zipUrl'] }],
    examples: [{ name: 'Ana, March', type: 'woman', zipUrl: 'https://files.example.com/photos.zip' }],
  })

export const createTraining = endpoint({
  id: 'createTraining',
  method: 'post',
  path: '/api/trainings',
  tag: 'Trainings',
  summary: 'Train a model of a person',
  description: 'From 4 to 100 photos: uploads, or a ZIP that is fetched. Follow it by `GET /api/trainings/{id}`.',
  headers: idempotencyHeaders,
  body: requestSchema,
  answers: {
    202: { description: 'It is under way.', schema: trainingAnswerSchema },
    200: {
      description: 'The same photos were trained alike within a day, or are at the moment: that training.',
      schema: z
        .strictObject({ training: trainingSchema, reused: z.literal(true) })
        .meta({ id: 'ReusedTrainingAnswer' }),
    },
  },
  errors: [409],
}).handledBy(async ({ body, headers, ...caller }) => {
  const { requestTraining } = await import('../requests/request-training.ts')
  const { name, type, options, force, images, zipUrl = '' } = body
  const { training, isReused } = await requestTraining(caller, {
    name,
    type,
    options,
    force,
    source: images ? { kind: 'uploads', names: images } : { kind: 'zip', url: zipUrl },
    idempotencyKey: headers['idempotency-key'] ?? null,
  })
  return isReused ? { status: 200, body: { training, reused: true } } : { status: 202, body: { training } }
})
