import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { cacheJobAnswerSchema } from './cache-schemas.ts'
import { idempotencyHeaders } from './common-schemas.ts'

export const verifyCache = endpoint({
  id: 'verifyCache',
  method: 'post',
  path: '/api/cache/verify',
  tag: 'Cache',
  summary: 'Hold the index against what lies in the bucket',
  description: 'Every file is read and hashed anew, and every object looked for in the index; that takes its time.',
  operatorsOnly: true,
  headers: idempotencyHeaders,
  body: z
    .strictObject({ repair: z.boolean().default(false).describe('Put right what is found wrong.') })
    .meta({ id: 'VerifyRequest', examples: [{ repair: false }] }),
  answers: { 202: { description: 'It has begun, or will.', schema: cacheJobAnswerSchema } },
}).handledBy(async ({ body, headers, ...caller }) => {
  const { askForVerification } = await import('../requests/cache/ask-for-cache-job.ts')
  const wish = { ...body, idempotencyKey: headers['idempotency-key'] ?? null }
  return { status: 202, body: { job_id: await askForVerification(caller, wish) } }
})
