import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { trainingSchema } from './training-schemas.ts'

export const listTrainings = endpoint({
  id: 'listTrainings',
  method: 'get',
  path: '/api/trainings',
  tag: 'Trainings',
  summary: 'Your trainings, the newest first',
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(100).default(20),
    before: z.string().max(200).optional().describe('`next` of the page before this one.'),
  }),
  answers: {
    200: {
      description: 'A page of trainings.',
      schema: z
        .strictObject({
          trainings: z.array(trainingSchema),
          next: z.string().nullable().describe('For `before`; null at the end.'),
        })
        .meta({ id: 'TrainingPage' }),
    },
  },
}).handledBy(async ({ query, user, context }) => {
  const { trainingPage } = await import('../requests/read-trainings.ts')
  const page = await trainingPage(context, { userId: user.uid, limit: query.limit, before: query.before ?? null })
  return { status: 200, body: page }
})
