import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { idempotencyHeaders, idSchema } from './common-schemas.ts'
import { trainingNameSchema, trainingOptionsSchema, trainingTypeSchema, zipUrlSchema } from './training-schemas.ts'

const answerSchema = z
  .strictObject({ success: z.literal(true), trainingId: idSchema, modelId: idSchema, status: z.string() })
  .meta({ id: 'TrainModelAnswer', description: 'The model will have the id of its training.' })

export const trainModel = endpoint({
  id: 'trainModel',
  method: 'post',
  path: '/api/replicate/train-model',
  tag: 'Trainings',
  summary: 'Train a model of a ZIP, with default options',
  headers: idempotencyHeaders,
  body: z.strictObject({ zipUrl: zipUrlSchema, name: trainingNameSchema, type: trainingTypeSchema }).meta({
    id: 'TrainModelRequest',
    examples: [{ zipUrl: 'https://files.example.com/photos.zip', name: 'Ana, March', type: 'woman' }],
  }),
  answers: {
    202: { description: 'It is under way.', schema: answerSchema },
  },
  errors: [409],
}).handledBy(async ({ body, headers, ...caller }) => {
  const { requestTraining } = await import('../requests/request-training.ts')
  const { training } = await requestTraining(caller, {
    name: body.name,
    type: body.type,
    options: trainingOptionsSchema.parse({}),
    force: false,
    source: { kind: 'zip', url: body.zipUrl },
    idempotencyKey: headers['idempotency-key'] ?? null,
  })
  const { id, status } = training
  return { status: 202, body: { success: true, trainingId: id, modelId: id, status } }
})
