import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { idempotencyHeaders, idSchema, textSchema } from './common-schemas.ts'
import { generationAnswerSchema } from './generation-schemas.ts'

const requestSchema = z
  .strictObject({
    modelId: idSchema,
    prompt: textSchema({ min: 1, max: 2000 })
      .optional()
      .describe('`{trigger}` and `{type}` stand for what the model has learned.'),
    template: z.string().min(1).max(100).optional().describe('The id of a template from `GET /api/templates`.'),
    count: z.int().min(1).max(8).default(1).describe('How many pictures.'),
  })
  .refine(({ prompt, template }) => (prompt === undefined) !== (template === undefined), {
    path: ['prompt'],
    message: 'Give either prompt or template.',
  })
  .meta({
    id: 'GenerationRequest',
    description: 'Either `prompt` or `template`.',
    oneOf: [{ required: ['prompt'] }, { required: ['template'] }],
    examples: [{ modelId: 'k3v7q2m5x4wz6a2b7c5d', template: 'professional-photo', count: 2 }],
  })

export const createGeneration = endpoint({
  id: 'createGeneration',
  method: 'post',
  path: '/api/generations',
  tag: 'Generations',
  summary: 'Make pictures with a trained model',
  headers: idempotencyHeaders,
  body: requestSchema,
  answers: { 202: { description: 'They are being made.', schema: generationAnswerSchema } },
  errors: [404, 409],
}).handledBy(async ({ body, headers, ...caller }) => {
  const { requestGeneration } = await import('../requests/request-generation.ts')
  const { modelId, count, prompt, template = '' } = body
  const generation = await requestGeneration(caller, {
    modelId,
    count,
    wish: prompt === undefined ? { kind: 'template', id: template } : { kind: 'prompt', prompt },
    idempotencyKey: headers['idempotency-key'] ?? null,
  })
  return { status: 202, body: { generation } }
})
