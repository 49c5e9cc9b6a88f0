import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { timeSchema } from './common-schemas.ts'

const quotaSchema = z
  .strictObject({
    used: z.int(),
    most: z.int().describe('Within 24 hours; 0 for any number.'),
    retryAt: timeSchema.nullable().describe('When one more may be begun; null for now.'),
  })
  .meta({ id: 'Quota' })

export const getUsage = endpoint({
  id: 'getUsage',
  method: 'get',
  path: '/api/usage',
  tag: 'Account',
  summary: 'What you have used of your quotas',
  answers: {
    200: {
      description: 'What counts at the moment.',
      schema: z
        .strictObject({
          trainings: quotaSchema,
          generations: quotaSchema,
          storage: z.strictObject({
            usedBytes: z
              .number()
              .describe('Uploads that are still allowed included, and model files of your own that are kept.'),
            mostBytes: z.number().describe('0 for any amount.'),
          }),
        })
        .meta({ id: 'Usage' }),
    },
  },
}).handledBy(async ({ user, context }) => {
  const { usageOf } = await import('../requests/read-usage.ts')
  return { status: 200, body: await usageOf(context, user.uid) }
})
