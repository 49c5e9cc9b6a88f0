import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { cacheJobAnswerSchema, cleanPlanSchema, fileIdSchema } from './cache-schemas.ts'
import { idempotencyHeaders } from './common-schemas.ts'

const GiB = 1024 ** 3

export const cleanCache = endpoint({
  id: 'cleanCache',
  method: 'post',
  path: '/api/cache/clean',
  tag: 'Cache',
  summary: 'Evict what was not used for longest until the rest fits, or files by their names',
  description:
    'By itself only the plan is answered. What is pinned, leased or about to be used stays, whatever is asked for; so do trained weights.',
  operatorsOnly: true,
  headers: idempotencyHeaders,
  body: z
    .strictObject({
      max_size_gb: z
        .number()
        .min(0)
        .max(2 ** 20)
        .optional()
        .describe('What the bucket may hold afterwards, in GiB; the configured limit without it.'),
      keep_recent: z.int().min(0).max(10_000).optional().describe('So many that were used last stay.'),
      file_ids: z.array(fileIdSchema).min(1).max(500).optional().describe('These go, however much room there is.'),
      dry_run: z.boolean().default(true).describe('Whether only the plan is wanted.'),
    })
    .refine(
      ({ file_ids, max_size_gb, keep_recent }) =>
        file_ids === undefined || (max_size_gb === undefined && keep_recent === undefined),
      { path: ['file_ids'], message: 'Name files, or say by which limits others are to go.' },
    )
    .meta({ id: 'CleanRequest', examples: [{ max_size_gb: 100, keep_recent: 5 }] }),
  answers: {
    200: {
      description: 'What would go and what would stay: nothing was done.',
      schema: z.strictObject({ plan: cleanPlanSchema }).meta({ id: 'CleanPlanAnswer' }),
    },
    202: { description: 'It has begun, or will.', schema: cacheJobAnswerSchema },
  },
}).handledBy(async ({ body, headers, ...caller }) => {
  const maxBytes = body.max_size_gb === undefined ? null : Math.floor(body.max_size_gb * GiB)
  const wish = { maxBytes, keepRecent: body.keep_recent ?? null, fileIds: body.file_ids ?? null }
  if (body.dry_run) {
    const { planClean } = await import('../requests/cache/plan-clean.ts')
    return { status: 200, body: { plan: await planClean(caller.context, wish) } }
  }
  const { askForCleaning } = await import('../requests/cache/ask-for-cache-job.ts')
  const idempotencyKey = headers['idempotency-key'] ?? null
  return { status: 202, body: { job_id: await askForCleaning(caller, { ...wish, idempotencyKey }) } }
})
